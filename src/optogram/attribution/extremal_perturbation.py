"""Extremal perturbation: the part of the photograph, of a given area and smooth, that keeps the response highest when the rest is taken away.

Fong, Patrick & Vedaldi 2019, "Understanding deep networks via extremal perturbations and smooth masks". `steps` forward and backward passes an area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
from optogram.errors import NotDefinedError, SettingError

SHARPNESS = 20.0
"""The inverse temperature of the smooth maximum, as in the paper."""
RATE, MOMENTUM = 0.02, 0.9
LOOSE, TIGHT = 0.1, 20.0
"""How much the area counts at the first and the last step, beside a gain of 1: the mask is first free to find its place, then held to its size."""

Areas = float | Sequence[float]


def extremal_perturbation(
    question: Question, *, areas: Areas = (0.05, 0.1, 0.2, 0.4), steps: int = 150, cells: int = 28, smooth: float = 0.06, baseline: Baseline = "blur"
) -> Answer:
    """The mean over `areas` of the masks m that maximise f(m x + (1 - m) b) - weight |sort(m) - r|^2, r the step from 0 to 1 with that area of ones.

    A pixel in every mask has 1, one that only the largest holds 1 / (number of areas). A mask is a grid with `cells` along the shorter side,
    each cell spreading by a Gaussian of `smooth` times that side under a smooth maximum (along rows, then columns): its area is the share
    that is over a half. The gain is counted in units of the range of responses met on the way. Pixels that no gradient reached at any step
    had no part in it and have 0. The paper blurs by degrees where here the photograph is mixed with one baseline. The notes say what the
    unit responds to what the masks keep (the median over photographs).
    """
    wanted = _checked(areas, steps, cells, smooth)
    if question.source is not None:
        raise NotDefinedError(f"extremal_perturbation masks photographs; for the units of {question.source.address} use conductance")
    images = question.images
    base = baseline_of(question, images, baseline)
    fixed, responses = question.settled()
    grid = _grid(images, cells)
    kernel = kernel_of(smooth * min(grid)).to(images)
    order = torch.stack([step_of(grid[0] * grid[1], area) for area in wanted]).to(images)
    maps, kept = [], []
    with fixed.tracked((steps + 2) * len(images) * len(wanted)) as watched:
        for photo in range(len(images)):
            # One photograph at a time: the search magnifies what the last digits say, and they differ with the rows of a pass.
            masks, reached, held = _Search(watched, photo, base[photo : photo + 1], order, grid, kernel).run(steps)
            maps.append((masks * reached).mean(dim=0, keepdim=True))
            kept.append(held)
    values = torch.cat(maps).expand_as(images)
    notes = (_told(wanted, torch.stack(kept)),) if bool(values.any()) else ()
    return Answer(values, responses, fixed.places or (), signed=False, per_channel=False, notes=notes)


@dataclass(frozen=True, slots=True)
class _Search:
    """One photograph's masks, one an area, improved together."""

    question: Question
    photo: int
    base: Float[Tensor, "1 channel height width"]
    order: Float[Tensor, "area place"]
    grid: tuple[int, int]
    kernel: Float[Tensor, "neighbour"]

    def run(self, steps: int) -> tuple[Float[Tensor, "area 1 height width"], Float[Tensor, "1 1 height width"], Float[Tensor, "answer"]]:
        """The masks, 1 where a gradient ever reached a pixel, and the responses to what each keeps, to the photograph and to the baseline."""
        image = self.question.images[self.photo : self.photo + 1]
        ends = self._responses(torch.cat((image, self.base)).repeat_interleave(len(self.order) // 2 + 1, dim=0))
        low, high = ends.min(), ends.max()
        cells = image.new_full((len(self.order), 1, *self.grid), 0.5)
        speed, reached = torch.zeros_like(cells), torch.zeros_like(image[:, :1], dtype=torch.bool)
        for step in range(steps):
            weight = LOOSE * (TIGHT / LOOSE) ** (step / max(1, steps - 1))
            slopes = self.question.gradients(self._seen(cells, image), self._numbers(len(cells)))
            reached |= slopes.values.any(dim=1, keepdim=True).any(dim=0, keepdim=True)
            low, high = torch.minimum(low, slopes.responses.min()), torch.maximum(high, slopes.responses.max())
            pull = (slopes.values * (image - self.base)).sum(dim=1, keepdim=True) / torch.where(high > low, high - low, 1.0)
            speed = MOMENTUM * speed + self._downhill(cells, pull, weight)
            cells = (cells - RATE * speed).clamp(0, 1)
        held = self._responses(self._seen(cells, image))
        return self._mask(cells), reached.to(image), torch.cat((held, ends[:1], ends[-1:]))

    def _mask(self, cells: Tensor) -> Tensor:
        enlarged: Tensor = F.interpolate(spread(cells, self.kernel), size=self.base.shape[2:], mode="bilinear", align_corners=False)
        return enlarged

    def _seen(self, cells: Tensor, image: Tensor) -> Tensor:
        return torch.lerp(self.base, image, self._mask(cells))

    def _numbers(self, rows: int) -> Tensor:
        return torch.full((rows,), self.photo, device=self.base.device)

    def _responses(self, rows: Tensor) -> Tensor:
        return self.question.responses(rows, self._numbers(len(rows)))

    def _downhill(self, cells: Tensor, pull: Tensor, weight: float) -> Tensor:
        """The gradient, by the cells, of the area's penalty less the gain; a cell's share of the whole counts 1 on average."""
        with torch.enable_grad():
            leaf = cells.detach().requires_grad_()
            small = spread(leaf, self.kernel)
            mask = F.interpolate(small, size=self.base.shape[2:], mode="bilinear", align_corners=False)
            penalty = (small.flatten(1).sort(dim=1).values - self.order).square().sum()
            (grad,) = torch.autograd.grad(weight * penalty - cells[0].numel() * (pull * mask).sum(), leaf)
        return grad


def spread(cells: Float[Tensor, "row 1 height width"], kernel: Float[Tensor, "neighbour"]) -> Float[Tensor, "row 1 height width"]:
    """Along each axis in turn, the smooth maximum over neighbours v of v times kernel, sum v e^(v/T) / sum e^(v/T); 0 beyond the border."""
    reach = len(kernel) // 2
    for axis in (2, 3):
        padded = F.pad(cells, (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0))
        near = padded.unfold(axis, len(kernel), 1) * kernel
        cells = (near * torch.softmax(near * SHARPNESS, dim=-1)).sum(dim=-1)
    return cells


def kernel_of(sigma: float) -> Float[Tensor, "neighbour"]:
    """A Gaussian of peak 1, `sigma` in cells, as far as three of it."""
    reach = max(1, math.ceil(3 * sigma))
    return torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float32) / sigma) ** 2)


def step_of(count: int, area: float) -> Float[Tensor, "place"]:
    """`count` numbers in order, of which the last `area` are 1 and the others 0."""
    return (torch.arange(count) >= round(count * (1 - area))).float()


def _grid(images: Tensor, cells: int) -> tuple[int, int]:
    height, width = images.shape[2:]
    rows, columns = (max(1, round(side * min(cells, height, width) / min(height, width))) for side in (height, width))
    return rows, columns


def _told(areas: tuple[float, ...], answers: Float[Tensor, "batch answer"]) -> str:
    *kept, whole, base = answers.median(dim=0).values.cpu().tolist()
    parts = ", ".join(f"{answer:.3g} to {area:.3g} of the area" for answer, area in zip(kept, areas, strict=True))
    return f"responses: {parts}, {whole:.3g} to the whole photograph, {base:.3g} to the baseline"


def _checked(areas: Areas, steps: int, cells: int, smooth: float) -> tuple[float, ...]:
    wanted = (float(areas),) if isinstance(areas, int | float) else tuple(float(area) for area in areas)
    if not wanted or not all(0 < area < 1 for area in wanted):
        raise SettingError(f"areas are shares of the photograph between 0 and 1, such as 0.1; got {areas}")
    if steps < 1 or cells < 2 or not 0 < smooth < 1:
        raise SettingError(f"extremal_perturbation takes steps from 1 up, cells from 2 up and smooth between 0 and 1; got {steps}, {cells}, {smooth}")
    return wanted
