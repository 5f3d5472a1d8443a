"""Choices between two images: of people, from the published files, and of a machine viewer; one analysis for both."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from optogram.errors import InputError
from optogram.evidence._view import SiteView
from optogram.evidence.identification import CHOSEN, likeness

FIRST = "experiment_I_main_practice_catch_repeated_trials_preprocessed.csv"
SECOND = "experiment_II_main_practice_catch_trials_preprocessed.csv"
ALPHA = 0.16
"""Slope of the machine interpretability score (2024)."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The mean over observers of each one's share of right choices, with its 95 % interval over observers (normal, as published)."""

    mean: float
    low: float
    high: float
    observers: int
    right: int
    trials: int


def accuracy(choices: Iterable[tuple[str, bool]]) -> Accuracy:
    """Of (observer, right) pairs; each observer counts the same. Raises `InputError` for fewer than two observers."""
    by_observer: dict[str, list[bool]] = defaultdict(list)
    for observer, right in choices:
        by_observer[observer].append(right)
    if len(by_observer) < 2:
        raise InputError(f"an interval over observers needs at least two of them; got {len(by_observer)}")
    shares = np.array([np.mean(own) for own in by_observer.values()])
    return _over(shares, sum(map(sum, by_observer.values())), sum(map(len, by_observer.values())))


def paired(first: Mapping[str, float], second: Mapping[str, float]) -> Accuracy:
    """The mean difference over the observers that both have."""
    both = sorted(first.keys() & second.keys())
    return _over(np.array([first[one] - second[one] for one in both]), 0, 0)


def shares(choices: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """Each observer's share of right choices."""
    by_observer: dict[str, list[bool]] = defaultdict(list)
    for observer, right in choices:
        by_observer[observer].append(right)
    return {observer: float(np.mean(own)) for observer, own in by_observer.items()}


def human(folder: Path) -> dict[str, list[tuple[str, bool]]]:
    """The published choices by condition, main trials without catch trials: `natural`, `optimized` and `none` of the first experiment,
    `natural Max-1` and so on of the second.

    Raises `InputError` where the folder holds no file of either experiment.
    """
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for name in (FIRST, SECOND):
        path = folder / name
        if not path.is_file():
            continue
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["trial_type"] == "main" and row["catch_trial"] == "False":
                    condition = row["instr_type"].partition("_")[0] + (f" {row['condition_name']}" if name == SECOND else "")
                    found[condition].append((row["subject_id"], row["correct"] == "True"))
    if not found:
        raise InputError(f"{folder} holds no {FIRST} and no {SECOND}: they come with the open data of Borowski et al. 2021")
    return dict(found)


@dataclass(frozen=True, slots=True)
class Seen:
    """A viewer's evidence in each trial [unit, trial]: how much more alike the strong query is to the strong references than the weak query is."""

    evidence: Float[np.ndarray, "unit trial"]

    def choices(self) -> list[tuple[str, bool]]:
        """Right where the evidence is for the strong query; a tie is decided by the trial's number."""
        units, trials = self.evidence.shape
        right = np.where(self.evidence == 0, np.arange(trials)[None] % 2 == 0, self.evidence > 0)
        return [(str(unit), bool(right[unit, trial])) for unit in range(units) for trial in range(trials)]

    def score(self) -> float:
        """The machine interpretability score: mean sigmoid(alpha evidence)."""
        return float(special.expit(ALPHA * self.evidence).mean())


def two_images(view: SiteView, trials: int, seed: int, references: Int[np.ndarray, " unit"] | None = None) -> Seen:
    """The two-image task: references are a unit's 9 strongest and 9 weakest patches of one fold, queries from the `trials` strongest and weakest of
    the other, paired at random. `references`: whose to show instead of each unit's own.

    Dead units are left out. Half of the trials have the folds swapped.
    """
    rng = np.random.default_rng(seed)
    living = np.flatnonzero(view.alive)
    shown = living if references is None else references[living]
    parts = []
    for fold in (0, 1):
        own, other = (np.flatnonzero((view.patches.fold == fold) == same) for same in (True, False))
        if min(len(own), len(other)) < 2 * max(CHOSEN, trials // 2):
            raise InputError(f"the task needs {2 * max(CHOSEN, trials // 2)} patches in each fold; got {len(own)} and {len(other)}")
        order = np.argsort(view.responses[own], axis=0, kind="stable")[:, shown]
        score = likeness(view.patches, own[order[-CHOSEN:]], other) - likeness(view.patches, own[order[:CHOSEN]], other)
        queries = np.argsort(view.responses[other], axis=0, kind="stable")[:, living]
        half = trials // 2
        strong = np.take_along_axis(score, queries[-half:], axis=0)
        weak = np.take_along_axis(score, queries[:half], axis=0)
        parts.append(strong - weak[rng.permutation(half)])
    return Seen(np.concatenate(parts).T.astype(np.float64))


def _over(values: Float[np.ndarray, " observer"], right: int, trials: int) -> Accuracy:
    mean = float(values.mean())
    reach = float(special.ndtri(0.975) * values.std(ddof=1) / np.sqrt(len(values)))
    return Accuracy(mean, mean - reach, mean + reach, len(values), right, trials)
