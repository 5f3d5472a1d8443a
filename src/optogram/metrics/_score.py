"""`og.score`: one metric of an attribution's maps, beside three maps that cost nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram import memory
from optogram.errors import NotDefinedError, SettingError, unknown
from optogram.metrics._blur import blurred_to
from optogram.metrics._free import FREE, free_map
from optogram.metrics._trial import Better, Marks, Trial, trials
from optogram.progress import Progress
from optogram.registry import Registry
from optogram.result import Provenance, Result
from optogram.statistics.intervals import bootstrap_mean

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network

METRICS = Registry("optogram.metrics", "metric")
Metric = str | Callable[..., Marks]
LEAST = 3
"""Photographs that an interval needs."""


@dataclass(frozen=True)
class Score(Result):
    """One metric of one attribution: `values` a number a photograph (NaN: the metric has no answer there).

    `mean` with limits (95 %, bootstrap over photographs; NaN for fewer than three). `free` are the same numbers for the maps that cost
    nothing; `chance` what chance gives, where that is known. `curve` [photograph, point] over `across` is what values sum up.
    """

    values: Float[np.ndarray, "photo"]
    mean: float
    low: float
    high: float
    better: Better
    metric: str
    method: str
    target: str
    provenance: Provenance
    free: Mapping[str, Float[np.ndarray, "photo"]] = field(default_factory=dict)
    chance: Float[np.ndarray, "photo"] | None = None
    across: tuple[float, ...] = ()
    curve: Float[np.ndarray, "photo point"] | None = None

    ARRAYS: ClassVar[tuple[str, ...]] = ("values", "chance", "across", "curve")

    def __str__(self) -> str:
        limits = f" [{self.low:.3g}, {self.high:.3g}]" if np.isfinite(self.low) else ""
        lost = int(np.isnan(self.values).sum())
        parts = [f"{self.metric} of {self.method} for {self.target}: {self.mean:.3g}{limits} ({self.better} is better)"]
        parts += [f"{name} {np.nanmean(values):.3g}" for name, values in self.free.items() if np.isfinite(values).any()]
        parts += [f"chance {np.mean(self.chance):.3g}"] if self.chance is not None else []
        parts += [f"no answer on {lost} of {len(self.values)} photographs"] if lost else []
        return " · ".join(parts)


@memory.kept()
def score(
    network: Network,
    attribution: Attribution,
    metric: Metric = "insertion",
    *,
    truth: Any = None,
    blur: float | None = None,
    free: Sequence[str] = FREE,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Progress = True,
    **settings: Any,
) -> Score:
    """One metric of the maps of `og.attribute`, by name (`optogram methods` lists them) or as a function.

    `truth`: a mask or a Box for each photograph, for pointing_game and localisation. `blur`: every map, the free ones too, is first
    smoothed to that width in pixels (`_blur.py`), since tests by removal favour blurry maps. `free`: which free maps to compare with.
    Raises `StaleError` where the network is no longer the one that the maps came from.

        og.score(net, og.attribute(net, images, "tabby"), "deletion")
    """
    function = METRICS.get(metric) if isinstance(metric, str) else metric
    name = getattr(function, "__name__", str(metric))
    _check(function, name, settings)
    found = trials(network, attribution, truth=truth, seed=seed, batch_size=batch_size, progress=progress)
    if blur is not None:
        found = [(numbers, replace(trial, maps=blurred_to(trial.maps, blur))) for numbers, trial in found]
    marks = [function(trial, **settings) for _, trial in found]
    order = np.argsort([number for numbers, _ in found for number in numbers])
    values = _joined([one.values for one in marks], order)
    rivals = {rival: _joined(parts, order) for rival in free if (parts := _free(function, rival, found, blur, settings))}
    mean, low, high = interval(values, seed)
    asked = {"metric": name, "blur": blur, **{key: str(value) for key, value in settings.items()}}
    source = attribution.provenance
    same = len({one.across for one in marks}) == 1
    return Score(
        values=values,
        mean=mean,
        low=low,
        high=high,
        better=marks[0].better,
        metric=name,
        method=attribution.method,
        target=attribution.target,
        provenance=Provenance("score", source.network, source.weights, source.images, name, {**source.settings, **asked}, seed),
        free=rivals,
        chance=None if marks[0].chance is None else _joined([one.chance for one in marks if one.chance is not None], order),
        across=marks[0].across if same else (),
        curve=_joined([one.curve for one in marks if one.curve is not None], order) if same and marks[0].curve is not None else None,
    )


def interval(values: Float[np.ndarray, "photo"], seed: int = 0) -> tuple[float, float, float]:
    """The mean over photographs that have a number, with its bootstrap limits at 95 % (NaN for fewer than three)."""
    known = values[np.isfinite(values)].astype(float)
    if len(known) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(known.mean())
    if len(known) < LEAST:
        return mean, float("nan"), float("nan")
    limits = bootstrap_mean(known[:, None], np.arange(len(known)), seed=seed)
    return mean, float(limits.low[0]), float(limits.high[0])


def free_trial(trial: Trial, name: str, blur: float | None = None) -> Trial:
    """The same photographs with a free map in the place of the method's."""
    maps = free_map(name, trial.images, trial.question.seed)
    maps = maps if blur is None else blurred_to(maps, blur)
    values = (maps / trial.images.shape[1])[:, None].expand_as(trial.images)
    return replace(trial, maps=maps, values=values, explain=None)


def _free(
    function: Callable[..., Marks], name: str, found: Sequence[tuple[list[int], Trial]], blur: float | None, settings: Mapping[str, Any]
) -> list[Tensor]:
    """A free map's numbers; none where the metric asks a method anew, and no method made the map."""
    try:
        return [function(free_trial(trial, name, blur), **settings).values for _, trial in found]
    except NotDefinedError:
        return []


def _joined(parts: Sequence[Tensor], order: np.ndarray) -> np.ndarray:
    whole: np.ndarray = torch.cat(list(parts)).detach().float().cpu().numpy()[order]
    return whole


def _check(function: Callable[..., Marks], name: str, settings: Mapping[str, Any]) -> None:
    known = [key for key, parameter in inspect.signature(function).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    for key in settings:
        if key not in known:
            raise SettingError(unknown("setting", key, known, where=f" of {name}") if known else f'{name} takes no settings; got "{key}"')
