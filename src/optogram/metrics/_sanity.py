"""`og.sanity`: does the map change when the network's learning is destroyed, and when the class is changed?

Adebayo et al. 2018, "Sanity checks for saliency maps". A check that a map can fail, not a proof that it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from optogram import memory
from optogram.attribution._target import Target
from optogram.errors import NotDefinedError, SettingError
from optogram.metrics._crossed import crossed_mean
from optogram.metrics._free import edges
from optogram.metrics._similarity import spearman, ssim
from optogram.metrics._trial import Trial, trials
from optogram.network.cascade import destroy, layers
from optogram.network.network import Network
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.attribution._result import Attribution

LIMIT = 0.5
"""A map whose likeness to the one it must differ from is surely above this fails."""
FAILS, PASSES, UNSURE = "fails", "passes", "can't tell"
WORDS = {
    "learning": "with all learning destroyed",
    "upper layers": "with the upper half of the layers destroyed",
    "class": "for another {other}",
}


@dataclass(frozen=True)
class Check:
    """One thing that the map should change with: how alike it stays.

    `likeness` is Spearman of magnitudes, its mean over photographs and draws, with limits at 95 % that hold for other photographs and
    other draws (`_crossed.py`); `ssim` the same in structural similarity; `table` [photograph, draw] the likeness of each (NaN: a map was
    nought, so there was nothing to compare). `other` says what else was asked about by the check called "class": a class, a unit or a direction.
    """

    name: str
    likeness: float
    low: float
    high: float
    ssim: float
    table: Float[np.ndarray, "photo draw"]
    verdict: str
    other: str = "class"

    def __str__(self) -> str:
        words = WORDS[self.name].format(other=self.other)
        limits = f" [{self.low:.2f}, {self.high:.2f}]" if np.isfinite(self.low) else ""
        return f"{words} the map stays {self.likeness:.2f}{limits} alike" if np.isfinite(self.likeness) else f"{words} no map is left"


@dataclass(frozen=True)
class Sanity(Result):
    """Whether a map depends on what the network has learned and on what it was asked.

    `verdict` is "fails" if any check does, "passes" if all do, else "can't tell". `edges` is the maps' likeness to an edge detector, for
    comparison. `attribution` is the one that was checked, with the sentence in its display. `examples`: of the first photograph, a map of each check.
    """

    verdict: str
    checks: tuple[Check, ...]
    edges: float
    attribution: Attribution
    provenance: Provenance
    examples: tuple[Float[np.ndarray, "height width"], ...] = ()

    ARRAYS: ClassVar[tuple[str, ...]] = ("tables",)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.verdict == PASSES

    @property
    def tables(self) -> tuple[Float[np.ndarray, "photo draw"], ...]:
        """Each check's likenesses."""
        return tuple(check.table for check in self.checks)

    @property
    def sentence(self) -> str:
        """One line: the verdict, what it rests on, and how like an edge detector the map is."""
        return f"{self.verdict}: {', '.join(map(str, self.checks))} (1 is the same map; an edge detector's is {self.edges:.2f} like it)"

    def __str__(self) -> str:
        return f"{self.attribution.method} of {self.attribution.target} {self.sentence}"

    def figure(self) -> Image:
        """The first photograph, its map, and the map of each check, on one scale."""
        from optogram.metrics._sanity_figure import figure

        return figure(self)


@memory.kept()
def sanity(
    network: Network,
    attribution: Attribution,
    *,
    twins: int = 4,
    others: int = 4,
    kind: str = "shuffle",
    limit: float = LIMIT,
    seed: int = 0,
    progress: Progress = True,
) -> Sanity:
    """Asks the same method, with the same settings, of networks that have learned nothing, of ones whose upper half has not, and of other units.

    `twins` networks of each sort; `others` other units of the target's site (other classes, where it is a class). A check fails where the likeness is
    surely above `limit`, passes where it is surely below, both at 95 %. Costs 2 twins + others times the method.
    Raises `NotDefinedError` for maps that are not over a photograph, `StaleError` where the network has changed since.

        og.sanity(net, og.attribute(net, images, "tabby"))
    """
    if twins < 2 or others < 2 or not 0 < limit < 1:
        raise SettingError(f"sanity takes at least 2 twins, 2 other units and a limit between 0 and 1; got {twins}, {others}, {limit}")
    parts = [trial for _, trial in trials(network, attribution, seed=seed)]
    twinned, rivals = list(range(twins)), _others(parts[0].question.target, others, seed)
    asked: list[tuple[str, list[Any]]] = [("learning", twinned), ("upper layers", twinned), *([("class", rivals)] if rivals else [])]
    checks, examples = [], []
    with track("sanity", sum(len(draws) for _, draws in asked), progress) as advance:
        for name, draws in asked:
            tables = [_table(network, attribution, trial, name, draws, kind, seed, advance) for trial in parts]
            likeness, structure = (np.concatenate([table[column] for table in tables]) for column in (0, 1))
            checks.append(replace(_checked(name, likeness, structure, limit), other=_called(parts[0].question.target)))
            examples.append(tables[0][2])
    verdicts = {check.verdict for check in checks}
    verdict = FAILS if FAILS in verdicts else PASSES if verdicts == {PASSES} else UNSURE
    alike = torch.cat([spearman(trial.maps, edges(trial.images)) for trial in parts])
    settings = {"twins": twins, "others": others, "kind": kind, "limit": limit, "method": attribution.method}
    source = attribution.provenance
    provenance = Provenance("sanity", source.network, source.weights, source.images, attribution.method, {**source.settings, **settings}, seed)
    found = Sanity(verdict, tuple(checks), float(alike.nanmean()), attribution, provenance, tuple(examples))
    return replace(found, attribution=replace(attribution, verdict=found.sentence))


def _checked(name: str, likeness: np.ndarray, structure: np.ndarray, limit: float) -> Check:
    mean, low, high = crossed_mean(likeness)
    low, high = max(low, -1.0), min(high, 1.0)  # a likeness has no more to go (NaN stays NaN)
    known = structure[np.isfinite(structure)]
    verdict = FAILS if low > limit else PASSES if high < limit else UNSURE
    return Check(name, mean, low, high, float(known.mean()) if len(known) else float("nan"), likeness, verdict)


def _table(
    network: Network, attribution: Attribution, trial: Trial, name: str, draws: list[Any], kind: str, seed: int, advance: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Likeness and SSIM of every photograph and draw, and one map to show."""
    again = attribution.again
    if again is None:
        raise NotDefinedError("sanity asks the method anew; these maps were made by hand. Give what og.attribute returned")
    columns, shown = [], None
    for other, target in _asked(network, trial, name, draws, kind, seed):
        found = again(other, trial.images, attribution.asked if target is None else target)
        maps = torch.as_tensor(np.stack([found.map(photo) for photo in range(len(found))])).to(trial.maps)
        columns.append((spearman(trial.maps, maps), ssim(trial.maps, maps)))
        shown = maps[0].float().cpu().numpy() if shown is None else shown
        advance(1)
    assert shown is not None
    likeness, structure = (torch.stack(column, dim=1).cpu().numpy() for column in zip(*columns, strict=True))
    return likeness, structure, shown


def _asked(network: Network, trial: Trial, name: str, draws: list[Any], kind: str, seed: int) -> Iterator[tuple[Network, Any]]:
    """The networks and targets of one check."""
    if name == "class":
        yield from ((network, target) for target in draws)
        return
    images = network.prepare(trial.images)
    lively = torch.cat((images, images.flip(3)))  # one photograph alone would give a twin's norms nothing to measure a spread by
    if name == "learning":
        yield from ((network.twin(kind, seed=seed + draw, photos=lively), None) for draw in draws)  # type: ignore[arg-type]
        return
    paths = layers(network, trial.question.target.last)
    for draw in draws:
        copy = network.worker()
        for path in paths[len(paths) // 2 :]:
            destroy(copy, path, seed + draw, lively)
        yield copy, None


def _called(target: Target) -> str:
    """What another target of the same sites is: a class of the network's answer, or a unit or direction within it."""
    if any(term.unit is None for term in target.terms):
        return "direction"
    return "class" if all(term.site.kind in ("head", "output") for term in target.terms) else "unit"


def _others(target: Target, count: int, seed: int) -> list[Any]:
    """The same question about other units of the same sites, in the form that `og.attribute` takes; none where there are too few."""
    generator = np.random.default_rng(seed)
    taken = {term.unit.index for term in target.terms if term.unit is not None}
    columns = []
    for number, term in enumerate(target.terms):
        if term.unit is None:
            assert term.direction is not None
            return [(term.site.address, generator.permutation(term.direction.cpu().numpy())) for _ in range(count)]
        units = term.site.heads if term.unit.head else term.site.units
        free = np.random.default_rng(seed).permutation([index for index in range(units) if index not in taken])
        chosen = free[number :: len(target.terms)][:count]
        columns.append([replace(term.unit, index=int(index)).address for index in chosen])
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=False))
