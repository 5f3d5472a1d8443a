"""Intervals over photographs: patches of one photograph hang together, so whole groups are drawn or left out.

- `bootstrap`: percentile or BCa (Efron 1987), for smooth statistics. Never for extremes (a maximum, a top 9): there the bootstrap is inconsistent
  (Bickel & Freedman 1981), and a statistic that behaves like one is refused.
- `jackknife`: two fifths left out at a time (Shao & Wu 1989), twenty evaluations; for statistics that are dear or jump (a wrong-picture matrix with
  its ranks and medians) and that resampling with repeats would bias: drawing photographs twice adds noise, and a rate of right identifications
  falls with noise. Leaving out little overstates the error of a statistic that jumps, leaving out half understates it slightly (simulated).
- `clopper_pearson`, `wilson`: a proportion's interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike
from scipy import special

from optogram.errors import InputError, SettingError

Count = int | np.integer | Int[np.ndarray, "..."]
Statistic = Callable[[Int[np.ndarray, " chosen"]], ArrayLike]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its limits at `level`, all of one shape; `method` names how."""

    estimate: Float[np.ndarray, "..."]
    low: Float[np.ndarray, "..."]
    high: Float[np.ndarray, "..."]
    level: float
    method: str


def bootstrap(
    statistic: Statistic,
    groups: Shaped[np.ndarray, " sample"],
    *,
    resamples: int = 2000,
    level: float = 0.95,
    method: Literal["bca", "percentile"] = "bca",
    seed: int = 0,
) -> Interval:
    """Interval of `statistic(indices of samples)`, groups drawn with replacement; it may return an array, whose every value gets an interval.

    Costs resamples + groups + 1 evaluations. Raises `SettingError` for an extreme: a statistic that rests on at most a fifth of the groups, all of
    which push it one way.
    """
    if method not in ("bca", "percentile"):
        raise SettingError(f'a bootstrap is "bca" or "percentile"; got "{method}".')
    members = _members(groups)
    estimate = np.asarray(statistic(np.arange(len(groups))), dtype=np.float64)
    without = np.stack([_evaluate(statistic, members, _others(len(members), one)) for one in range(len(members))])
    _refuse_extremes(estimate, without)
    rng = np.random.default_rng(seed)
    drawn = np.stack([_evaluate(statistic, members, rng.integers(len(members), size=len(members))) for _ in range(resamples)])
    limits = _bca(estimate, drawn, without, level) if method == "bca" else _both_tails(level, estimate)
    low, high = _quantiles(drawn, limits)
    return _interval(estimate, low, high, level, f"{method} bootstrap over groups")


def bootstrap_mean(
    values: Float[np.ndarray, "sample column"], groups: Shaped[np.ndarray, " sample"], *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap of each column's mean, groups drawn with replacement; one matrix product, so thousands of columns are cheap."""
    index, count = group_index(groups, len(values))
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, index, values)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)
    means = (drawn @ sums) / (drawn @ np.bincount(index, minlength=count))[:, None]
    estimate = values.mean(axis=0, dtype=np.float64)
    low, high = _quantiles(means, _both_tails(level, estimate))
    return _interval(estimate, low, high, level, "percentile bootstrap over groups")


def jackknife(
    statistic: Statistic, groups: Shaped[np.ndarray, " sample"], *, subsets: int = 20, kept: float = 0.6, level: float = 0.95, seed: int = 0
) -> Interval:
    """Interval of `statistic(indices of samples)` from random subsets that keep a share of the groups, without repeats; arrays as `bootstrap`.

    Standard error sqrt(k / (n - k)) times the standard deviation over subsets of k of n groups; limits by Student's t on subsets - 1 degrees of
    freedom, not clipped to any range. Costs subsets + 1 evaluations. For means, rates and correlations over all groups; for extremes as little as
    the bootstrap.
    """
    index, count = group_index(groups, len(groups))
    size = round(kept * count)
    if not 2 <= size < count or subsets < 2:
        raise InputError(f"an interval over photographs needs at least three of them, and subsets that leave some out; got {size} of {count}.")
    rng = np.random.default_rng(seed)
    estimate = np.asarray(statistic(np.arange(len(groups))), dtype=np.float64)
    drawn = [(rng.permutation(count) < size)[index] for _ in range(subsets)]
    values = np.stack([np.asarray(statistic(np.flatnonzero(chosen)), dtype=np.float64) for chosen in drawn])
    error = np.sqrt(size / (count - size)) * np.std(values, axis=0, ddof=1)
    half = special.stdtrit(subsets - 1, (1 + level) / 2) * error
    return _interval(estimate, estimate - half, estimate + half, level, f"jackknife over {subsets} subsets of the groups")


def clopper_pearson(hits: Count, count: Count, level: float = 0.95) -> Interval:
    """The exact interval of a proportion (never too short): beta quantiles."""
    found, total = np.asarray(hits, dtype=np.float64), np.asarray(count, dtype=np.float64)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(found > 0, special.betaincinv(np.maximum(found, 1), total - found + 1, tail), 0.0)
        high = np.where(found < total, special.betaincinv(found + 1, np.maximum(total - found, 1), 1 - tail), 1.0)
        return _interval(found / total, low, high, level, "Clopper-Pearson")


def wilson(hits: Count, count: Count, level: float = 0.95) -> Interval:
    """The score interval of a proportion (right on average, shorter than the exact one)."""
    total = np.asarray(count, dtype=np.float64)
    share = np.asarray(hits, dtype=np.float64) / total
    z = special.ndtri((1 + level) / 2)
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return _interval(share, np.maximum(centre - half, 0), np.minimum(centre + half, 1), level, "Wilson")


def group_index(groups: Shaped[np.ndarray, " sample"], samples: int) -> tuple[Int[np.ndarray, " sample"], int]:
    """Groups numbered from 0, and how many there are. Raises `InputError` unless there is one for each sample."""
    if len(groups) != samples:
        raise InputError(f"each sample belongs to one group; got {len(groups)} groups for {samples} samples.")
    names, index = np.unique(groups, return_inverse=True)
    return index, len(names)


def _interval(estimate: ArrayLike, low: ArrayLike, high: ArrayLike, level: float, method: str) -> Interval:
    return Interval(np.asarray(estimate), np.asarray(low), np.asarray(high), level, method)


def _members(groups: Shaped[np.ndarray, " sample"]) -> list[Int[np.ndarray, " _"]]:
    index, count = group_index(groups, len(groups))
    if count < 3:
        raise InputError(f"an interval over photographs needs at least three of them; got {count}.")
    order = np.argsort(index, kind="stable")
    return np.split(order, np.cumsum(np.bincount(index, minlength=count))[:-1])


def _others(count: int, one: int) -> Int[np.ndarray, " group"]:
    return np.delete(np.arange(count), one)


def _evaluate(statistic: Statistic, members: list[Int[np.ndarray, " _"]], drawn: Int[np.ndarray, " group"]) -> Float[np.ndarray, "..."]:
    return np.asarray(statistic(np.concatenate([members[one] for one in drawn])), dtype=np.float64)


def _refuse_extremes(estimate: Float[np.ndarray, "..."], without: Float[np.ndarray, "group ..."]) -> None:
    change = without - estimate
    rests_on = np.sum(change != 0, axis=0)
    one_way = (change >= 0).all(axis=0) | (change <= 0).all(axis=0)
    extreme = one_way & (rests_on > 0) & (rests_on <= max(1, len(without) // 5))
    if extreme.any():
        fewest = int(np.min(np.where(extreme, rests_on, len(without))))
        raise SettingError(
            f"no plain bootstrap for extremes (a maximum, a top 9): it is inconsistent; this statistic rests on {fewest} of {len(without)} groups. "
            "Use a mean, a median or a rank correlation over all of them, or compare the extreme with that of twins (gate.family_gate)."
        )


def _both_tails(level: float, estimate: Float[np.ndarray, "..."]) -> Float[np.ndarray, "2 ..."]:
    tail = (1 - level) / 2
    return np.stack([np.full(estimate.shape, tail), np.full(estimate.shape, 1 - tail)])


def _bca(
    estimate: Float[np.ndarray, "..."], drawn: Float[np.ndarray, "resample ..."], without: Float[np.ndarray, "group ..."], level: float
) -> Float[np.ndarray, "2 ..."]:
    """Tails corrected for bias (z0: share of resamples below the estimate) and acceleration (skewness of the influence of groups)."""
    resamples = len(drawn)
    below = (np.sum(drawn < estimate, axis=0) + 0.5 * np.sum(drawn == estimate, axis=0)) / resamples
    bias = special.ndtri(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples))
    influence = without.mean(axis=0) - without
    scale = np.sum(influence**2, axis=0) ** 1.5
    acceleration = np.sum(influence**3, axis=0) / (6 * np.where(scale > 0, scale, np.inf))
    z = bias + special.ndtri(_both_tails(level, estimate))
    return np.asarray(special.ndtr(bias + z / (1 - acceleration * z)))


def _quantiles(drawn: Float[np.ndarray, "resample ..."], tails: Float[np.ndarray, "2 ..."]) -> Float[np.ndarray, "2 ..."]:
    """Each value's own two quantiles of its resamples, interpolated (Hyndman & Fan 7)."""
    ordered = np.sort(drawn, axis=0)
    place = tails * (len(drawn) - 1)
    lower = np.clip(np.floor(place).astype(int), 0, len(drawn) - 2)
    below, above = (np.take_along_axis(ordered, lower + step, axis=0) for step in (0, 1))
    return np.asarray(below + (place - lower) * (above - below))
