"""Templates of ends and corners: exact ones of three by three pixels, larger ones for drawn lines, and detectors made of such templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from optogram.lab._descent import Adam
from optogram.lab._letters import RADIUS, THICK, Letters, ink, stepped
from optogram.lab._stack import schedule

KERNEL = 7
"""Side of the larger templates, in pixels: about three times the thickness of a line."""
TEMPLATES = 8
"""Learned templates that vote for C, and as many that vote for D."""
RATE, BATCH, DECAY = 0.04, 64, 5e-3
END = np.array([[-1.0, -1, -1], [-1, 1, -1], [-1, -1, -1]])
KINDS = ("end", "corner", "line", "bend")
"""What a template is shown to see what it is a template of."""
DIRECTIONS = 24
Pictures = Float[Tensor, "picture row column"]


def ends() -> Float[np.ndarray, "8 3 3"]:
    """A line's end: ink in the middle and at one of eight neighbours, none elsewhere."""
    found = []
    for row, column in [(row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1)]:
        template = END.copy()
        template[row, column] = 1
        found.append(template)
    return np.stack(found)


def corners() -> Float[np.ndarray, "4 3 3"]:
    """A right angle: ink in the middle and at two neighbours around a corner, none elsewhere."""
    first = END.copy()
    first[1, 2] = first[2, 1] = 1
    return np.stack([np.rot90(first, quarter) for quarter in range(4)])


def responses(
    pictures: Float[np.ndarray, "picture row column"], templates: Float[np.ndarray, "template 3 3"]
) -> Float[np.ndarray, "picture template rows columns"]:
    """1 where a template fits exactly, else 0: a convolution, a threshold just below the count of its inked places."""
    found = F.conv2d(torch.from_numpy(pictures)[:, None], torch.from_numpy(templates)[:, None])
    least = torch.from_numpy((templates > 0).sum(axis=(1, 2)) - 0.5)
    return (found > least[:, None, None]).double().numpy()


def counts(pictures: Float[np.ndarray, "picture row column"]) -> Float[np.ndarray, "picture 2"]:
    """How many ends and how many corners."""
    return np.stack([responses(pictures, part).sum(axis=(1, 2, 3)) for part in (ends(), corners())], axis=1)


@dataclass(frozen=True, slots=True)
class Detector:
    """Two groups of templates, one that votes for C and one for D: each template's best fit, what exceeds its threshold, the sum over the group."""

    templates: Float[Tensor, "2 template row column"]
    thresholds: Float[Tensor, "2 template"]
    biases: Float[Tensor, " 2"]

    def fits(self, pictures: Pictures) -> Float[Tensor, "picture 2 template rows columns"]:
        """How well each template fits at each place, beyond its threshold."""
        found: Tensor = F.conv2d(pictures[:, None], self.templates.flatten(0, 1)[:, None], -self.thresholds.flatten())
        apart: Tensor = found.unflatten(1, self.thresholds.shape)
        return apart

    def best(self, pictures: Pictures) -> tuple[Float[Tensor, "picture 2 template"], Int[Tensor, "picture 2 template 2"]]:
        """Each template's best fit, and the row and column of its window's first pixel."""
        fits = self.fits(pictures)
        flat = fits.flatten(3)
        where = torch.from_numpy(flat.numpy().argmax(axis=3))  # several times as fast as torch's
        return flat.gather(3, where[..., None])[..., 0], torch.stack([where // fits.shape[4], where % fits.shape[4]], dim=3)

    def votes(self, pictures: Float[np.ndarray, "picture row column"]) -> Float[np.ndarray, "picture 2"]:
        """For C and for D; above 0 is yes."""
        with torch.no_grad():
            return (F.relu(self.best(torch.from_numpy(pictures).float())[0]).sum(dim=2) + self.biases).numpy()

    def answer(self, letters: Letters) -> Int[np.ndarray, " letter"]:
        """0 where the votes for C are more than those for D, else 1; where no template votes, the group decides that came nearest to it."""
        with torch.no_grad():
            fits = self.best(torch.from_numpy(letters.pictures).float())[0]
            votes, near = F.relu(fits).sum(dim=2) + self.biases, fits.amax(dim=2)
            more = torch.where((fits <= 0).all(dim=2).all(dim=1), near[:, 1] > near[:, 0], votes[:, 1] > votes[:, 0])
        return more.numpy().astype(np.int64)


def motif(kind: str, angle: float, opening: float, side: int, thickness: float) -> Float[np.ndarray, "side side"]:
    """An end, a corner of so many degrees, a line or a bend in the middle of a square, its lines leaving the square."""
    far = 2.0 * side
    quarter = np.linspace(-np.pi / 4, np.pi / 4, 9)
    arc = RADIUS * np.stack([np.cos(quarter) - 1, np.sin(quarter)], axis=1)
    tails = far * np.array([[-1.0, -1.0], [-1.0, 1.0]]) / np.sqrt(2)
    half = np.radians(opening) / 2
    lines = {
        "end": np.array([[0.0, 0.0], [-far, 0.0]]),
        "corner": far * np.array([[-np.cos(half), np.sin(half)], [0, 0], [-np.cos(half), -np.sin(half)]]),
        "line": np.array([[0, -far], [0, far]]),
        "bend": np.concatenate([arc[:1] + tails[:1], arc, arc[-1:] + tails[1:]]),
    }
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ink(stepped(lines[kind]) @ turned.T + side / 2, thickness, side)


@cache
def standard(kind: str) -> Float[np.ndarray, "motif side side"]:
    """A kind in every direction, for three thicknesses (and corners of 75, 90 and 105 degrees), with room for a template to slide by 3 pixels."""
    drawn = np.stack(
        [
            motif(kind, 2 * np.pi * number / DIRECTIONS, opening, KERNEL + 6, thickness)
            for number in range(DIRECTIONS)
            for thickness, opening in ((THICK - 0.5, 75.0), (THICK, 90.0), (THICK + 0.5, 105.0))
        ]
    )
    drawn.flags.writeable = False
    return drawn


def by_hand() -> Detector:
    """Ends and right angles in sixteen directions, drawn with a line of usual thickness, less their mean, of length 1.

    A group's threshold is what its templates reach at most for the other group's motif, for lines and for bends: only what fits better counts.
    """
    drawn = torch.stack(
        [torch.stack([torch.from_numpy(motif(kind, turn * np.pi / 8, 90.0, KERNEL, THICK)).float() for turn in range(16)]) for kind in KINDS[:2]]
    )
    centred = drawn - drawn.mean(dim=(2, 3), keepdim=True)
    templates = centred / centred.norm(dim=(2, 3), keepdim=True)
    bare = Detector(templates, torch.zeros(2, 16), torch.zeros(2))
    others = [torch.from_numpy(np.concatenate([standard(kind) for kind in KINDS if kind != own])).float() for own in KINDS[:2]]
    least = torch.stack([bare.best(shown)[0][:, group].amax() for group, shown in enumerate(others)])
    return Detector(templates, least[:, None].expand(2, 16).clone(), torch.zeros(2))


def start(seed: int) -> Detector:
    """Random templates."""
    random = torch.Generator().manual_seed(seed)
    return Detector(0.3 * torch.randn(2, TEMPLATES, KERNEL, KERNEL, generator=random) / KERNEL, torch.zeros(2, TEMPLATES), -torch.ones(2))


def learned(letters: Letters, steps: int, seed: int, advance: Callable[[int], None] = lambda more: None) -> Detector:
    """Each group learns by itself from labels alone whether a letter is of its kind: a logistic cost, Adam on batches of 64, a little decay.

    A maximum hands its gradient to the window that fits best, so that only that window of each picture and template is multiplied out.
    """
    first = start(seed)
    parts = [part.clone().requires_grad_() for part in (first.templates, first.thresholds, first.biases)]
    templates, thresholds, biases = parts
    optimiser = Adam(parts)
    x, random = torch.from_numpy(letters.pictures).float(), np.random.default_rng(seed)
    windows = x.unfold(1, KERNEL, 1).unfold(2, KERNEL, 1)
    right = F.one_hot(torch.from_numpy(letters.classes), 2).float()
    for step in range(steps):
        chosen = torch.from_numpy(random.integers(len(x), size=BATCH))
        with torch.no_grad():
            where = Detector(*parts).best(x[chosen])[1]
        seen = windows[chosen[:, None, None], where[..., 0], where[..., 1]]
        votes = F.relu((seen * templates).sum(dim=(3, 4)) - thresholds).sum(dim=2) + biases
        loss = F.binary_cross_entropy_with_logits(votes, right[chosen]) + DECAY * templates.square().sum()
        optimiser.step(loss, RATE * schedule(step / steps))
        advance(1)
    return Detector(*(part.detach() for part in parts))


def cost(detector: Detector, letters: Letters) -> float:
    """What `learned` lowers, over all letters."""
    right = F.one_hot(torch.from_numpy(letters.classes), 2).float()
    with torch.no_grad():
        wrong = F.binary_cross_entropy_with_logits(torch.from_numpy(detector.votes(letters.pictures)), right)
    return float(wrong + DECAY * detector.templates.square().sum())


def tuning(detector: Detector) -> Float[np.ndarray, "2 template 4"]:
    """Each template's best fit, beyond its threshold, to each of `KINDS`, over directions, thicknesses and places."""
    with torch.no_grad():
        found = [detector.best(torch.tensor(standard(kind)).float())[0].amax(dim=0) for kind in KINDS]
    return torch.stack(found, dim=2).numpy()


def contrast(tuned: Float[np.ndarray, "template 4"], kind: int) -> Float[np.ndarray, " template"]:
    """How many times as much a template is driven by one kind as by the most of the others."""
    others = np.delete(tuned, kind, axis=1).max(axis=1)
    times: np.ndarray = tuned[:, kind] / np.maximum(others, 1e-3)
    return times
