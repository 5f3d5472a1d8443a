"""`og.rank`: methods ranked for the user's own network and photographs, with intervals on their differences.

Every method is asked about the same photographs and scored by the same metric, so that methods are compared photograph by photograph: a
difference between two means has a far shorter interval than the means themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float

from optogram import memory
from optogram.attribution._attribute import METHODS, attribute
from optogram.attribution._photographs import Photographs, read_photographs
from optogram.errors import AddressError, InterceptionError, NotDefinedError, SettingError
from optogram.metrics._blur import width_of
from optogram.metrics._free import FREE
from optogram.metrics._score import Score, interval, score
from optogram.metrics._trial import Better, trials
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.network.network import Network

LEAST = 3


@dataclass(frozen=True)
class Standing:
    """One method's place: its mean with limits over photographs, and the paired difference from the best free map, in the better direction.

    `ahead` is that difference, with `ahead_low` and `ahead_high`; `free` says that this is itself a free map. `tied` names the methods below it
    whose paired difference from it cannot be told from 0.
    """

    method: str
    mean: float
    low: float
    high: float
    ahead: float
    ahead_low: float
    ahead_high: float
    free: bool = False
    tied: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether the method is beyond what costs nothing; empty where the metric has no free map to compare with."""
        if self.free:
            return "free"
        if not np.isfinite(self.ahead):
            return ""
        return "beyond" if self.ahead_low > 0 else "below" if self.ahead_high < 0 else "can't tell"


@dataclass(frozen=True)
class Ranking(Result):
    """Methods, best first, with the photographs' numbers they rest on: `values` [method, photo], in the order of `standings`.

    `refused`: methods that are not defined here, and why. `rival` is the best of the free maps, which the others are compared with
    (empty where the metric asks methods anew, and free maps have no answer).
    """

    standings: tuple[Standing, ...]
    values: Float[np.ndarray, "method photo"]
    better: Better
    metric: str
    targets: tuple[str, ...]
    rival: str
    blur: float | None
    refused: Mapping[str, str]
    provenance: Provenance

    ARRAYS: ClassVar[tuple[str, ...]] = ("values",)

    def __str__(self) -> str:
        wide = max(len(one.method) for one in self.standings)
        photos = self.values.shape[1]
        at = f", every map blurred to a width of {self.blur:.3g} pixels" if self.blur else ""
        lines = [f"{self.metric} on {photos} photographs ({self.better} is better{at})"]
        lines += [f"{'method':<{wide}}    mean  [95 % limits]{f'      better than {self.rival} by' if self.rival else ''}"]
        for one in self.standings:
            ahead = (
                "" if one.method == self.rival or not self.rival else f"{one.ahead:+.3f} [{one.ahead_low:+.3f}, {one.ahead_high:+.3f}]  {one.verdict}"
            )
            tied = f"  (tied with {', '.join(one.tied)})" if one.tied else ""
            lines.append(f"{one.method:<{wide}}  {one.mean:6.3f}  [{one.low:.3f}, {one.high:.3f}]  {ahead}{tied}".rstrip())
        lines += [f"{name}: {why}" for name, why in self.refused.items()]
        return "\n".join(lines)

    def figure(self) -> Image:
        """Each method's mean with its limits, best first."""
        from optogram.metrics._rank_figure import figure

        return figure(self)


@memory.kept()
def rank(
    network: Network,
    images: Any,
    targets: Sequence[Any] | Any | None = None,
    *,
    methods: Sequence[str] | None = None,
    metric: str = "insertion",
    truth: Any = None,
    equal_blur: bool = False,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Progress = True,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    **metric_settings: Any,
) -> Ranking:
    """Asks every method about every photograph and scores the maps; methods that refuse are named with their reason.

    `targets`: one for all photographs, a list of one each, or `None` for the class that the network names first on each
    (a network of several heads must be told one). `methods`: all by
    default. `metric`: any of `optogram methods`; `settings` are methods' own, by method. `equal_blur` smooths every map to the width of the
    blurriest method's mean (`_blur.py`) before it is scored. Needs three photographs at least for limits.

        print(og.rank(net, images, metric="insertion"))
    """
    names = [name.replace("-", "_") for name in (methods or METHODS.names())]
    functions = {name: METHODS.get(name) for name in names}
    photographs = read_photographs(network, images)
    asked = _targets(network, photographs, targets)
    maps: dict[str, list[Any]] = {}
    refused: dict[str, str] = {}
    with track("rank", len(functions), progress) as advance:
        for name in functions:
            try:
                maps[name] = _maps(network, photographs, asked, name, seed, batch_size, (settings or {}).get(name, {}))
            except (NotDefinedError, InterceptionError) as error:
                refused[name] = str(error)
            advance(1)
    if not maps:
        raise NotDefinedError("no method is defined here: " + "; ".join(f"{name}: {why}" for name, why in refused.items()))
    blur = max(_width(network, found, seed) for found in maps.values()) if equal_blur else None
    scores: dict[str, list[Score]] = {}
    given = {"seed": seed, "batch_size": batch_size, "blur": blur, "progress": False, **metric_settings}
    rivals: tuple[str, ...] = FREE
    with track(metric, len(maps), progress) as advance:
        for name, found in maps.items():
            marks = None if truth is None else [[one] for one in truth]
            scores[name] = [score(network, one, metric, truth=marks and marks[row], free=rivals, **given) for row, one in enumerate(found)]
            rivals = ()  # free maps are the same for every method
            advance(1)
    table = {name: np.array([one.values[0] for one in found]) for name, found in scores.items()}
    first = next(iter(scores.values()))
    free = {rival: np.array([one.free[rival][0] for one in first]) for rival in FREE if rival in first[0].free}
    source = next(iter(maps.values()))[0].provenance
    provenance = Provenance("rank", network.name, source.weights, photographs.hash, metric, {"targets": asked, "blur": blur, **metric_settings}, seed)
    return _ranking(table, free, first[0].better, metric, tuple(one.target for one in next(iter(maps.values()))), blur, refused, provenance, seed)


def _ranking(
    table: Mapping[str, np.ndarray],
    free: Mapping[str, np.ndarray],
    better: Better,
    metric: str,
    targets: tuple[str, ...],
    blur: float | None,
    refused: Mapping[str, str],
    provenance: Provenance,
    seed: int,
) -> Ranking:
    sign = 1.0 if better == "high" else -1.0
    every = {**table, **free}
    # Photographs on which some method has no answer would be compared with others': only those that all answer count.
    known = np.isfinite(np.stack(list(every.values()))).all(axis=0)
    if not known.any():
        raise NotDefinedError(f"{metric} has no answer on any photograph for all methods; try another metric or other photographs")
    every = {name: values[known] for name, values in every.items()}
    order = sorted(every, key=lambda name: -sign * float(every[name].mean()))
    rival = next((name for name in order if name in free), "")
    standings = []
    for place, name in enumerate(order):
        mean, low, high = interval(every[name], seed)
        ahead = interval(sign * (every[name] - every[rival]), seed) if rival else (float("nan"),) * 3
        tied = tuple(other for other in order[place + 1 :] if not interval(sign * (every[name] - every[other]), seed)[1] > 0)
        standings.append(Standing(name, mean, low, high, *ahead, free=name in free, tied=tied))
    values = np.stack([every[name] for name in order])
    return Ranking(tuple(standings), values, better, metric, targets, rival, blur, dict(refused), provenance)


def _targets(network: Network, photographs: Photographs, targets: Any) -> list[Any]:
    count = sum(len(numbers) for numbers in photographs.numbers)
    if targets is None:
        return _named_first(network, photographs, count)
    if isinstance(targets, list):
        if len(targets) != count:
            raise SettingError(f"targets is one for all photographs or a list of one each, {count}; got {len(targets)}")
        return targets
    return [targets] * count


def _named_first(network: Network, photographs: Photographs, count: int) -> list[Any]:
    """The unit of the network's output with the greatest response to each photograph."""
    import torch

    try:
        site = network.site("output")
    except AddressError as error:
        raise AddressError(
            f"without a target, the class that {network.name} names first on each photograph is asked about; it has no single output ({error}). "
            'Say which unit: targets="HEAD:NAME" in Python, --target HEAD:NAME on the command line'
        ) from error
    found: list[Any] = [None] * count
    with torch.no_grad():
        for batch, numbers in zip(photographs.batches, photographs.numbers, strict=True):
            best = site.places(network.read(site, batch, frame="photo")).amax(dim=2).argmax(dim=1)
            for number, unit in zip(numbers, best.tolist(), strict=True):
                found[number] = f"output:{unit}"
    return found


def _maps(
    network: Network, photographs: Photographs, asked: list[Any], name: str, seed: int, batch_size: int | None, settings: Mapping[str, Any]
) -> list[Any]:
    """One attribution a photograph, as targets may differ."""
    found: list[Any] = [None] * len(asked)
    for batch, numbers in zip(photographs.batches, photographs.numbers, strict=True):
        for row, number in enumerate(numbers):
            found[number] = attribute(network, batch[row], asked[number], name, seed=seed, batch_size=batch_size, progress=False, **settings)
    return found


def _width(network: Network, found: Sequence[Any], seed: int) -> float:
    """The mean width of a method's maps."""
    widths = [float(width_of(trial.maps).nanmean()) for one in found for _, trial in trials(network, one, seed=seed)]
    known = [width for width in widths if np.isfinite(width)]
    return float(np.mean(known)) if known else 0.0
