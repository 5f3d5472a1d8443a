"""Which of two images, and of two occlusions, drives the unit? A machine viewer's choices, untrained networks', people's from the open data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.paper import Paper
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE
from optogram.errors import SettingError
from optogram.evidence._view import SiteView
from optogram.images.photos import Photos
from optogram.lab._choices import Accuracy, Seen, accuracy, human, paired, shares, two_images
from optogram.lab._occlusion import seen_by, two_occlusions
from optogram.lab._result import Finding, LabResult, made_by, percent
from optogram.lab._sources import network_or_demo
from optogram.network.network import Network
from optogram.progress import Progress, track
from optogram.statistics.gate import family_gate

LEVEL = 0.05
OCCLUDED, OCCLUSIONS = 16, 4
"""Units that the occlusion task is about, and its trials of each: nine passes a trial."""
PUBLISHED = {"natural": 0.92, "optimized": 0.82, "natural Max-1": 0.73, "optimized Max-1": 0.65}
SAID = {"natural": "natural exemplars", "optimized": "synthesised ones", "none": "no references"}


@dataclass(frozen=True, kw_only=True, eq=False)
class PsychophysicsResult(LabResult):
    """Choices between two: `machine`, `wrong` and `twins` are the viewer's shares right [unit], [unit] and [twin].

    `occlusion` and `occlusion_twins` are the same of the occlusion task, which fewer units are asked about.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("machine", "wrong", "twins", "occlusion", "occlusion_twins")
    machine: Float[np.ndarray, " unit"]
    wrong: Float[np.ndarray, " unit"]
    twins: Float[np.ndarray, " twin"]
    occlusion: Float[np.ndarray, " asked"]
    occlusion_twins: Float[np.ndarray, " twin"]

    def pictures(self) -> dict[str, Image.Image]:
        """Each condition's share of right choices with its interval, chance marked."""
        rows = [found for found in self.findings if not found.name.endswith("difference") and "score" not in found.name]
        left, wide, row = 184.0, 320.0, 30.0
        paper = Paper(left + wide + SPACES[5], 56 + row * len(rows) + SPACES[5] + SPACES[3])
        paper.text(SPACES[3], SPACES[2], "Which of two images drives the unit?", TITLE)
        bottom = 48 + row * len(rows)
        for share in (0.25, 0.5, 0.75, 1.0):
            x = left + wide * share
            paper.box(x - 0.25, 44, x + 0.25, bottom, fill=LIGHT.salmon if share == 0.5 else LIGHT.line)
            paper.text(x, bottom + 4, percent(share), AXIS, LIGHT.ink_2, "ma")
        for index, found in enumerate(rows):
            y = 48 + row * (index + 0.5)
            paper.text(SPACES[3], y, found.name.replace("-", " "), CAPTION, LIGHT.ink, "lm")
            if found.low is not None and found.high is not None:
                paper.box(left + wide * found.low, y - 1.5, left + wide * min(1.0, found.high), y + 1.5, fill=LIGHT.missing)
            paper.dot(left + wide * found.value, y, 5, fill=LIGHT.high if found.name.startswith("people") else LIGHT.low)
        paper.text(left + wide, bottom + 22, "share of right choices; bars: 95 % over observers (untrained: least and most)", AXIS, LIGHT.ink_2, "ra")
        return {"choices": paper.image}


def psychophysics(
    images: Annotated[Photos | None, "Your own photographs for the machine's task."] = None,
    *,
    network: Network | None = None,
    site: Annotated[str | None, "The site whose units are asked about; by default one in the middle."] = None,
    human_data: Annotated[str | None, "The folder of people's choices (Borowski et al. 2021, experiments I and II)."] = None,
    trials: Annotated[int, "Pairs of images that are shown for each unit."] = 20,
    twins: Annotated[int, "Untrained networks that do the same."] = 19,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> PsychophysicsResult:
    """Asks a viewer which of two held-out images drives a unit, after it has seen the unit's 9 strongest and 9 weakest.

    The published task (Borowski et al. 2021) with the bank of oriented energies as the viewer, and the occlusion task (Zimmermann et al. 2021): of
    two copies of a patch, each with a square hidden, which drives the unit more. Beside both: the references of another unit, untrained
    networks, and, with --human-data, the choices of people, analysed by the same code.
    """
    if trials < 2 or trials % 2 or twins < 1:
        raise SettingError(f"trials is an even number, and there is at least one twin; got {trials} and {twins}")
    twins = min(twins, 3) if quick else twins
    people = [] if human_data is None else _people(Path(human_data))
    crops, occlude = (200, OCCLUDED // 4) if quick else (1020, OCCLUDED)
    pairs, occlusions, where = _machine(images, network, site, trials, twins, crops, occlude, seed, progress)
    told = [
        _machine_finding("machine", pairs.own, f"of the pairs are told apart by the viewer bank at {where}", pairs.others),
        _machine_finding("machine-wrong-references", pairs.wrong, "of them if the references are another unit's", pairs.others),
        _twin_finding("machine-untrained", pairs, f"of pairs at {where}"),
        _score_finding(pairs.own, pairs.others),
        _machine_finding("occlusion", occlusions.own, f"of pairs of occlusions are told apart by the viewer bank at {where}", occlusions.others),
        _machine_finding("occlusion-wrong-references", occlusions.wrong, "of them if the references are another unit's", occlusions.others),
        _twin_finding("occlusion-untrained", occlusions, f"of pairs of occlusions at {where}"),
    ]
    settings = {"site": where, "trials": trials, "twins": twins, "human_data": human_data is not None}
    return PsychophysicsResult(
        findings=(*told, *people),
        provenance=made_by("psychophysics", seed=seed, settings=settings, images=images or "photographs in wheels", network=network),
        machine=np.array(list(shares(pairs.own.choices()).values())),
        wrong=np.array(list(shares(pairs.wrong.choices()).values())),
        twins=pairs.rates,
        occlusion=np.array(list(shares(occlusions.own.choices()).values())),
        occlusion_twins=occlusions.rates,
    )


@dataclass(frozen=True)
class _Task:
    """One task: with the unit's own references, with another's, and by untrained networks."""

    own: Seen
    wrong: Seen
    others: list[Seen]

    @property
    def rates(self) -> Float[np.ndarray, " twin"]:
        """The share right of each untrained network."""
        return np.array([accuracy(one.choices()).mean for one in self.others])


def _machine(
    images: Photos | None, network: Network | None, site: str | None, trials: int, twins: int, crops: int, occlude: int, seed: int, progress: Progress
) -> tuple[_Task, _Task, str]:
    from optogram.evidence._bank import Bank
    from optogram.evidence._judge import site_views
    from optogram.exemplars.panel import panel_responses
    from optogram.exemplars.sweep import sweep
    from optogram.network.receptive_field import fields_of
    from optogram.zoo._photographs import held_out_crops

    network = network_or_demo(network)
    spatial = [one.address for one in network.sites() if one.layout == "spatial"]
    where = network.site(site).address if site else spatial[len(spatial) // 2]
    photos = images if images is not None else held_out_crops(crops)
    swept = sweep(network, photos, sites=[where], panel=min(crops, len(photos)), seed=seed, progress=False)
    view = site_views(network, photos, swept, [network.site(where)], Bank(), False, keep=True)[where]
    rng = np.random.default_rng(seed)
    units = view.responses.shape[1]
    strangers = (np.arange(units) + rng.integers(1, units, units)) % units if units > 1 else np.zeros(1, np.int64)
    frames, places = swept.panel.images(network, photos), swept.panel.probe_places(where)
    field = fields_of(network, [network.site(where)])[where]
    boxes = [[field.box(network.site(where).place_at(int(place))) for place in row] for row in places]

    def occluded(one: Network, seen: SiteView, wrong: bool = False) -> Seen:
        asked = np.random.default_rng(seed).permutation(np.flatnonzero(seen.alive))[:occlude]
        return two_occlusions(one, seen, Bank(), frames, boxes, places, asked, OCCLUSIONS, np.roll(asked, 1) if wrong else None)

    pairs = _Task(two_images(view, trials, seed), two_images(view, trials, seed, strangers), [])
    occlusions = _Task(occluded(network, view), occluded(network, view, True), [])
    with track("twins", twins, progress) as advance:
        for number in range(twins):
            twin = network.twin("reinit", seed + number, frames[:128].float() / 255)
            probes = panel_responses(twin, frames, swept.panel, [where])[where]
            seen = seen_by(view, probes)
            pairs.others.append(two_images(seen, trials, seed))
            occlusions.others.append(occluded(twin, seen))
            advance(1)
    return pairs, occlusions, where


def _machine_finding(name: str, seen: Seen, said: str, others: list[Seen]) -> Finding:
    found = accuracy(seen.choices())
    sentence = f"{found.right:,} of {found.trials:,} ({percent(found.mean)}, {_between(found)} over {found.observers} units) {said}."
    control = float(np.mean([accuracy(one.choices()).mean for one in others]))
    return Finding(name, found.mean, sentence, found.low, found.high, control=control, chance=0.5)


def _twin_finding(name: str, task: _Task, said: str) -> Finding:
    rates = task.rates
    gate = family_gate(accuracy(task.own.choices()).mean, rates)
    counted = gate.sentence(LEVEL)
    sentence = f"{counted[0].upper()}{counted[1:]}: {percent(rates.min())} to {percent(rates.max())} {said}; p {gate.p:.2g}."
    return Finding(name, float(rates.mean()), sentence, float(rates.min()), float(rates.max()), chance=0.5)


def _score_finding(own: Seen, others: list[Seen]) -> Finding:
    twins = np.array([one.score() for one in others])
    difference = own.score() - float(twins.mean())
    beside = f"that of untrained twins {twins.mean():.4f} ({twins.min():.4f} to {twins.max():.4f})"
    sentence = f"The machine interpretability score is {own.score():.4f}, {beside}: {difference:+.4f} beyond them."
    return Finding("interpretability-score", difference, sentence, control=float(twins.mean()), chance=0.0)


def _people(folder: Path) -> list[Finding]:
    """What people chose, by condition; the difference paired by person."""
    choices = human(folder)
    found = []
    for condition in (one for one in ("natural", "optimized", "none", "natural Max-1", "optimized Max-1") if one in choices):
        known = accuracy(choices[condition])
        kind, _, references = condition.partition(" ")
        with_one = ", one reference" if references else ""
        published = f" (published: {percent(PUBLISHED[condition])})" if condition in PUBLISHED else ""
        counted = f"{known.right:,} of {known.trials:,} choices of {known.observers} people are right with {SAID[kind]}{with_one}"
        sentence = f"{counted}: {percent(known.mean)}, {_between(known)}{published}."
        found.append(Finding(f"people-{condition.lower().replace(' ', '-')}", known.mean, sentence, known.low, known.high, chance=0.5))
    if "natural" in choices and "optimized" in choices:
        apart = paired(shares(choices["natural"]), shares(choices["optimized"]))
        between = f"{100 * apart.low:.1f} to {100 * apart.high:.1f}, paired by person"
        sentence = f"People are right {100 * apart.mean:.1f} points more often with natural exemplars than with synthesised ones ({between})."
        found.append(Finding("people-difference", apart.mean, sentence, apart.low, apart.high, chance=0.0))
    return found


def _between(found: Accuracy) -> str:
    return f"{percent(max(0.0, found.low))} to {percent(min(1.0, found.high))}"
