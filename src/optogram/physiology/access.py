"""A unit's template found with growing access: from spikes, from exact answers, from gradients, from weights.

A template is one picture of the field; what it says of another picture is their scalar product. Pictures are given as differences from gray, row by
row [picture, pixel]; a template has a length of 1, or of 0 where nothing was learned. `sta.py` shows noise and averages it; here is the rest.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import NotDefinedError
from optogram.network.network import Network
from optogram.network.site import Unit
from optogram.physiology.electrode import BATCH, Electrode
from optogram.physiology.gratings import GRAY
from optogram.physiology.sta import triggered_average, unit_length

STRONGEST = 9
FINEST = 0.35
"""Cycles per pixel of the finest grating: finer ones beat with the grid of pixels."""
RIDGE = 1e-9


def spiking(rates: Float[np.ndarray, " picture"], mean: float, random: np.random.Generator) -> Int[np.ndarray, " picture"]:
    """Counts of a cell that fires so: Poisson, `mean` spikes a picture on average.

    Their noise makes the average of white noise as uncertain as 1 + 1 / ((pi - 1) mean) times fewer pictures would, for a half-wave rectified
    linear cell: its exact answers of mean 1 have a variance of pi - 1, to which counting adds 1 / mean.
    """
    middle = float(rates.mean())
    return np.asarray(random.poisson(np.maximum(rates, 0) / middle * mean if middle > 0 else np.zeros_like(rates)))


def averaged(shown: Float[np.ndarray, "picture pixel"], rates: Float[np.ndarray, " picture"]) -> Float[np.ndarray, " pixel"]:
    """The average of pictures, each weighted with its answer."""
    return np.asarray(unit_length(triggered_average(shown, rates[:, None]))[0])


def strongest(shown: Float[np.ndarray, "picture pixel"], rates: Float[np.ndarray, " picture"], count: int = STRONGEST) -> Float[np.ndarray, " pixel"]:
    """The mean of the pictures that were answered most strongly, less the mean of all: what exemplars show at a glance."""
    best = np.argsort(-rates, kind="stable")[:count]
    return np.asarray(unit_length((shown[best].mean(0) - shown.mean(0))[None])[0])


def solved(shown: Float[np.ndarray, "picture pixel"], rates: Float[np.ndarray, " picture"]) -> Float[np.ndarray, " pixel"]:
    """The template that solves answer = template . picture + constant for the pictures that drove the unit, by least squares.

    An exact answer is an equation. A linear unit behind a rectifier is known once as many pictures drove it as it has weights, and one more; with
    fewer, the shortest template that fits is given.
    """
    on = rates > 0
    known, answers = shown[on], rates[on]
    if len(known) < 2:
        return np.zeros(shown.shape[1])
    known, answers = known - known.mean(0), answers - answers.mean()
    few = len(known) <= known.shape[1]
    square = known @ known.T if few else known.T @ known
    square[np.diag_indices(len(square))] += RIDGE * np.trace(square)
    found = known.T @ np.linalg.solve(square, answers) if few else np.linalg.solve(square, known.T @ answers)
    return np.asarray(unit_length(found[None])[0])


def whole_gratings(size: tuple[int, int], count: int, random: np.random.Generator) -> Float[np.ndarray, "grating height width"]:
    """Gratings drawn from those with whole cycles along both sides of a field, each in a random phase, of the contrast of a half.

    Together they are a basis of Fourier's, so that their average, weighted with a linear unit's answers, is its template as far as it has no finer
    detail (Ringach, Sapiro & Shapley 1997).
    """
    height, width = size
    down, right = np.meshgrid(np.arange(height // 2 + 1), np.arange(-(width // 2), width // 2 + 1), indexing="ij")
    fine = np.hypot(down / height, right / width)
    kept = (fine > 0) & (fine <= FINEST) & ((down > 0) | (right > 0))
    choice = random.integers(int(kept.sum()), size=count)
    cycles, phase = np.stack([down[kept], right[kept]])[:, choice], random.uniform(0, 2 * np.pi, count)
    rows, columns = np.mgrid[:height, :width]
    turn = 2 * np.pi * (cycles[0][:, None, None] * rows / height + cycles[1][:, None, None] * columns / width)
    return np.asarray(GRAY / 2 * np.cos(turn + phase[:, None, None]))


def answers(
    probe: Electrode, patches: Float[np.ndarray, "picture channel height width"], rectified: bool = True
) -> Float[np.ndarray, "picture unit"]:
    """What the units say to patches (differences from gray) in their field, gray around it."""
    return np.concatenate([probe.respond(_around(probe, part), rectified) for part in _parts(patches)])


def slopes(probe: Electrode, patches: Float[np.ndarray, "picture channel height width"]) -> Float[np.ndarray, "picture pixel"]:
    """The gradient of the first unit's rectified answer by the field's pixels, at each patch; nought where the unit is off."""
    seen = probe.box.within(*probe.size)
    one = Unit(probe.site, probe.units[0].index, probe.place, probe.units[0].head)
    found = []
    for part in _parts(patches):
        pixels = _around(probe, part).requires_grad_()
        with probe.network.tap(probe.site.address) as taps:
            probe.network.run(pixels, "input")
        (slope,) = torch.autograd.grad(probe.site.select(taps[probe.site.address], one).clamp_min(0).sum(), pixels)
        found.append(slope[:, :, seen.top : seen.bottom, seen.left : seen.right].flatten(1).cpu())
    return np.asarray(torch.cat(found), dtype=np.float64)


def written(network: Network, unit: Unit) -> Float[np.ndarray, "channel height width"] | None:
    """The template that stands in the weights of a unit on the picture itself; `None` for deeper units, whose weights are no image."""
    from optogram.weights.weight_images import weight_images

    try:
        return np.asarray(weight_images(network, unit.site.address).values[unit.index], dtype=np.float64)
    except NotDefinedError:
        return None


def foretold(
    template: Float[np.ndarray, " pixel"], shown: Float[np.ndarray, "picture pixel"], truth: Float[np.ndarray, "picture unit"]
) -> Float[np.ndarray, " unit"]:
    """The correlation of what a template says of pictures with what each unit says; 0 where either never changes."""
    said = shown @ template
    said, told = said - said.mean(), truth - truth.mean(0)
    lengths = np.linalg.norm(said) * np.linalg.norm(told, axis=0)
    return np.asarray(np.where(lengths > 1e-12, said @ told / np.where(lengths > 1e-12, lengths, 1), 0.0))


def needed(counts: Int[np.ndarray, " count"], quality: Float[np.ndarray, " count"], wanted: float) -> float:
    """How many queries reach a quality, interpolated on the logarithm of their number; infinite where none of the counts does."""
    reached = np.flatnonzero(quality >= wanted)
    if not reached.size:
        return float("inf")
    after = int(reached[0])
    if after == 0:
        return float(counts[0])
    share = (wanted - quality[after - 1]) / (quality[after] - quality[after - 1])
    return float(2 ** (np.log2(counts[after - 1]) + share * (np.log2(counts[after]) - np.log2(counts[after - 1]))))


def _parts(patches: np.ndarray) -> list[np.ndarray]:
    return [patches[start : start + BATCH] for start in range(0, len(patches), BATCH)]


def _around(probe: Electrode, patches: np.ndarray) -> Float[Tensor, "picture channel height width"]:
    """Patches in the field, gray around it; gray patches serve every channel."""
    seen = probe.box.within(*probe.size)
    whole = torch.full((len(patches), probe.network.channels, *probe.size), GRAY)
    whole[:, :, seen.top : seen.bottom, seen.left : seen.right] += torch.from_numpy(np.asarray(patches, np.float32))
    return whole
