"""C against D: by templates of ends and corners set by hand, exact at every shift; and by a convolution that finds ends and corners itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from PIL import Image

from optogram.errors import SettingError, SourceError
from optogram.lab import _motifs_figures
from optogram.lab._ends_corners import KERNEL, KINDS, Detector, by_hand, contrast, cost, counts, learned, start, tuning
from optogram.lab._letters import C, D, Letters, beside_o, drawn_letters, font_files, font_letters, shifted
from optogram.lab._matching import SETS, matched
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.progress import Progress, track

FRAME = 16
"""Side of the square in which the small letters are shifted."""
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)
SILENT = 0.02
"""A template takes part if its vote is at least this share of its group's mean vote for its own letter."""
UNSEEN = {"I": (True, False), "L": (True, True), "O": (False, False), "S": (False, True)}
"""Letters that are never learned (S: a square), and whether each has ends, and corners."""
KEPT = 48
UNTRAINED = 5
"""Random starts whose templates are compared."""
APART = 10_007
"""Between the seeds of two starts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LettersResult(LabResult):
    """`templates[group, template, height, width]`: what the convolution learned; the first group votes for C, the second for D.

    `votes[group, template]`: mean vote for the group's own letter, 0 where a template is silent; `tuned[group, template, kind]`: its best fit to an
    end, a corner, a line and a bend. `places`: first row and column of the window that decided; `at_mark`: whether an end or corner lies in it.
    `unseen[letter, group]`: how often each group says yes to I, L, O and a square. `robust[distortion, detector, strength]`: accuracies.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("templates", "votes", "tuned", "strengths", "robust", "unseen", "letters", "classes", "marks", "places", "at_mark"),
    )
    templates: Float[np.ndarray, "2 template height width"]
    votes: Float[np.ndarray, "2 template"]
    tuned: Float[np.ndarray, "2 template 4"]
    strengths: Float[np.ndarray, " strength"]
    robust: Float[np.ndarray, "2 2 strength"]
    unseen: Float[np.ndarray, "letter 2"]
    letters: Float[np.ndarray, "shown row column"]
    classes: Int[np.ndarray, " shown"]
    marks: Float[np.ndarray, "shown 2 2"]
    places: Int[np.ndarray, "shown 2"]
    at_mark: Bool[np.ndarray, " shown"]

    def pictures(self) -> dict[str, Image.Image]:
        """The learned templates; where they look; the exact templates by hand; accuracy against distortion."""
        return {
            "learned": _motifs_figures.learned(self.templates, self.votes, self.tuned),
            "places": _motifs_figures.places(self.letters, self.classes, self.places, self.at_mark),
            "by-hand": _motifs_figures.by_hand(),
            "robust": _motifs_figures.robust(self.strengths, self.robust),
        }


def motifs_2d(
    *,
    letters: Annotated[int, "Letters to learn from, half of them C."] = 2000,
    steps: Annotated[int, "Training steps."] = 800,
    starts: Annotated[int, "Random starts of the learning; the one with the least cost on the letters learned from is kept."] = 3,
    fonts: Annotated[str | None, "A folder of font files (.ttf, .otf), or system: their C and D are tried too."] = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> LettersResult:
    """Tells C from D by ends and corners: with templates, thresholds and sums set by hand, then with templates learned from labels alone.

    Letters are turned to every side, half of them mirrored, each beside an O; so lines and bends are the same in both kinds. What a learned template
    stands for is told in three ways: by what drives it most, by where it looks, and by its answers to letters that it never saw.
    """
    letters, steps, tests, starts = (min(letters, 800), min(steps, 400), 200, 1) if quick else (letters, steps, 800, starts)
    if starts < 1:
        raise SettingError(f"learning starts at least once; got starts={starts}")
    written = _font_letters(fonts) if fonts else None
    known, new = beside_o("CD", letters, seed), beside_o("CD", tests, seed + 1_000_003)
    with track("motifs-2d", steps * starts, progress) as advance:
        net = min((learned(known, steps, seed + APART * number, advance) for number in range(starts)), key=lambda one: cost(one, known))
    votes, tuned = votes_of(net, new), tuning(net)
    looked = looked_at(net, new)
    unseen = _unseen(net, tests // 2, seed)
    hand = by_hand()
    robust = np.array([[_rates((hand, net), tests // 4, seed, **{kind: at}) for at in STRENGTHS] for kind in ("affine", "stroke")]).swapaxes(1, 2)
    findings = (
        *_exact(),
        *_robust_findings(robust, tests // 4),
        *_learned(net, new),
        *_stand_for(net.templates.numpy(), votes, tuned, seed),
        *_look(looked, new, looked_at(start(seed), new)),
        _said_unseen(unseen, tests // 2),
        *(_fonts(*written, hand, net) if written else ()),
    )
    return LettersResult(
        findings=findings,
        provenance=made_by(
            "motifs_2d", seed=seed, settings={"letters": letters, "steps": steps, "starts": starts, "fonts": fonts}, images="letters, drawn"
        ),
        templates=net.templates.numpy(),
        votes=votes,
        tuned=tuned,
        strengths=np.array(STRENGTHS),
        robust=robust,
        unseen=unseen,
        letters=new.pictures[:KEPT],
        classes=new.classes[:KEPT],
        marks=new.marks[:KEPT],
        places=looked[0][:KEPT],
        at_mark=looked[1][:KEPT],
    )


def votes_of(net: Detector, letters: Letters) -> Float[np.ndarray, "2 template"]:
    """Each template's mean vote for its group's own letter, 0 for those that hardly take part."""
    with torch.no_grad():
        fits = net.best(torch.from_numpy(letters.pictures).float())[0].clamp(min=0).numpy()
    found = np.stack([fits[letters.classes == group, group].mean(axis=0) for group in range(2)])
    shown: np.ndarray = np.where(found >= SILENT * found.sum(axis=1, keepdims=True), found, 0.0)
    return shown


def looked_at(net: Detector, letters: Letters) -> tuple[Int[np.ndarray, "letter 2"], Bool[np.ndarray, " letter"]]:
    """The window from which each letter's own group had its strongest vote, and whether one of the letter's marks lies in it."""
    with torch.no_grad():
        fits, places = net.best(torch.from_numpy(letters.pictures).float())
    rows = torch.arange(len(fits))
    group = torch.from_numpy(letters.classes)
    chosen = places[rows, group, fits[rows, group].argmax(dim=1)].numpy()
    return chosen, within(chosen, letters.marks)


def within(places: Int[np.ndarray, "letter 2"], marks: Float[np.ndarray, "letter 2 2"]) -> Bool[np.ndarray, " letter"]:
    """Whether a mark lies in the window that begins at each place."""
    inside: np.ndarray = (np.abs(places[:, None] + KERNEL / 2 - marks).max(axis=2) <= KERNEL / 2).any(axis=1)
    return inside


def by_chance(letters: Letters) -> Float[np.ndarray, " letter"]:
    """For each letter the share of windows around a pixel of ink (of the letter, not of its O: half a width from the marks) that hold a mark."""
    found = []
    for picture, marks in zip(letters.pictures, letters.marks, strict=True):
        at = np.argwhere(picture > 0.5)
        at = at[np.abs(at[:, 1] + 0.5 - marks[:, 1].mean()) < letters.pictures.shape[1] / 2]
        found.append(within(at - KERNEL // 2, np.broadcast_to(marks, (len(at), 2, 2))).mean())
    return np.array(found)


def _exact() -> Iterator[Finding]:
    right = [np.all(counts(shifted(letter, FRAME)) == wanted, axis=1) for letter, wanted in ((C, [2, 0]), (D, [0, 2]))]
    said = (
        f"{right[0].sum()} of {len(right[0])} shifts of a small C give exactly 2 ends and 0 corners, {right[1].sum()} of {len(right[1])} of a D "
        "0 and 2, by templates set by hand ({low} to {high})."
    )
    yield share("exact_shifts", int(sum(part.sum() for part in right)), sum(len(part) for part in right), said, chance=0.5)


def _rates(detectors: tuple[Detector, ...], count: int, seed: int, affine: float = 0.0, stroke: float = 0.0) -> list[float]:
    letters = drawn_letters("CD", count, seed + 7, affine=affine, stroke=stroke)
    return [float((detector.answer(letters) == letters.classes).mean()) for detector in detectors]


def _robust_findings(robust: Float[np.ndarray, "2 2 strength"], count: int) -> Iterator[Finding]:
    at = STRENGTHS.index(1.0)
    words = {"affine": "stretched by .8 to 1.2 and sheared by up to .3", "stroke": "with strokes bent by a pixel and 1.5 to 2.9 pixels thick"}
    for (kind, said), part in zip(words.items(), robust, strict=True):
        for name, whose, row in (("by_hand", "templates set by hand", part[0]), ("learned", "learned ones", part[1])):
            hits = round(float(row[at]) * count)
            sentence = (
                f"{hits} of {count} letters turned anyhow and {said} are named rightly by {whose} ({{low}} to {{high}}); "
                f"{percent(float(row[0]))} of those only turned, {percent(float(row[-1]))} at twice the distortion."
            )
            yield share(f"{kind}_{name}", hits, count, sentence, control=float(row[0]), chance=0.5)


def _learned(net: Detector, new: Letters) -> Iterator[Finding]:
    count, votes = len(new.classes), net.votes(new.pictures)
    hits = int((net.answer(new) == new.classes).sum())
    said = f"{hits:,} of {count:,} new letters, each beside an O, are named rightly by templates learned from labels ({{low}} to {{high}})."
    yield share("learned", hits, count, said, chance=0.5)
    for group, letter in enumerate("CD"):
        right = int(((votes[:, group] > 0) == (new.classes == group)).sum())
        said = f"{right:,} of {count:,} by the votes for {letter} alone: is it one or not ({{low}} to {{high}})?"
        yield share(f"votes_{letter.lower()}", right, count, said.replace(")?", ")."), chance=0.5)


def _stand_for(templates: np.ndarray, votes: np.ndarray, tuned: np.ndarray, seed: int) -> Iterator[Finding]:
    before = np.concatenate([tuning(start(seed + number)) for number in range(UNTRAINED)], axis=1)
    for group, words in enumerate(("an end", "a corner")):
        part, drawn = tuned[group][votes[group] > 0], before[group]
        hits, others = int((part.argmax(axis=1) == group).sum()), [kind for number, kind in enumerate(KINDS) if number != group]
        said = (
            f"{hits} of the {len(part)} templates that vote for {'CD'[group]} are driven most by {words}, of {', '.join(KINDS)} ({{low}} to "
            f"{{high}}); {percent(float((drawn.argmax(axis=1) == group).mean()))} of {len(drawn)} untrained ones."
        )
        yield share(f"{KINDS[group]}s", hits, max(len(part), 1), said, control=float((drawn.argmax(axis=1) == group).mean()))
        sharp, blunt = float(np.median(contrast(part, group))), float(np.median(contrast(drawn, group)))
        said = f"{words.capitalize()} drives them {sharp:.1f} times as much as the most of {', '.join(others)} (median); "
        said += f"{blunt:.1f} times before training."
        yield Finding(f"{KINDS[group]}_contrast", sharp, said, control=blunt)
        if len(part):
            yield _against_chance(templates[group][votes[group] > 0], group, words, seed)


def _against_chance(templates: Float[np.ndarray, "template row column"], group: int, words: str, seed: int) -> Finding:
    found = matched(templates, group, seed)
    as_well = round(found.p * (1 + SETS)) - 1
    said = (
        f"Each dealt a direction of its own, they answer {words} by {found.margin:.2f} more than the most of the other motifs (length 1), "
        f"as many random oriented templates by {found.null.mean():.2f}; {as_well} of {SETS} random sets do as well (p = {found.p:.3f})."
    )
    return Finding(f"{KINDS[group]}s_matched", found.margin, said, control=float(found.null.mean()))


def _look(looked: tuple[np.ndarray, np.ndarray], new: Letters, before: tuple[np.ndarray, np.ndarray]) -> Iterator[Finding]:
    chance = by_chance(new)
    for group, words in enumerate(("ends", "corners")):
        own = new.classes == group
        hits, untrained = int(looked[1][own].sum()), float(before[1][own].mean())
        said = (
            f"{hits} of {own.sum()} letters {'CD'[group]}: the window with the strongest vote holds one of its {words} ({{low}} to {{high}}); "
            f"{percent(float(chance[own].mean()))} of all windows on its line do, {percent(untrained)} of those that untrained templates choose."
        )
        yield share(f"at_{words}", hits, int(own.sum()), said, control=untrained, chance=float(chance[own].mean()))


def _unseen(net: Detector, count: int, seed: int) -> Float[np.ndarray, "letter 2"]:
    letters = beside_o("".join(UNSEEN), count - count % len(UNSEEN), seed + 2_000_003)
    said = net.votes(letters.pictures) > 0
    return np.stack([said[letters.classes == number].mean(axis=0) for number in range(len(UNSEEN))])


def _said_unseen(unseen: Float[np.ndarray, "letter 2"], count: int) -> Finding:
    each = (count - count % len(UNSEEN)) // len(UNSEEN)
    right = np.where(np.array(list(UNSEEN.values())), unseen, 1 - unseen)
    hits, asked = round(float(right.sum()) * each), 2 * each * len(UNSEEN)
    told = "; ".join(f"{name}: {percent(row[0])} ends, {percent(row[1])} corners" for name, row in zip(UNSEEN, unseen.tolist(), strict=True))
    said = f"{hits} of {asked} answers about letters never seen are right: has it ends, has it corners ({{low}} to {{high}}; {told}; S is a square)."
    return share("unseen", hits, asked, said, chance=0.5)


def _font_letters(folder: str) -> tuple[Letters, tuple[str, ...]]:
    letters, names = font_letters(font_files(folder))
    if not names:
        raise SourceError(
            f'no font with C and D in "{folder}" (looked for .ttf and .otf, in folders below too); --fonts system takes those installed'
        )
    return letters, names


def _fonts(letters: Letters, names: tuple[str, ...], hand: Detector, net: Detector) -> Iterator[Finding]:
    for name, words, detector in (("fonts_by_hand", "templates set by hand", hand), ("fonts_learned", "learned ones", net)):
        hits = int((detector.answer(letters) == letters.classes).sum())
        said = f"{hits} of {len(names)} letters of {len(set(names))} fonts are named rightly by {words} ({{low}} to {{high}})."
        yield share(name, hits, len(names), said, chance=0.5)
