"""RISE: the mean response to random masks of the photograph that leave a pixel in, less the mean response to all.

Petsiuk, Das & Saenko 2018, "RISE: randomized input sampling for explanation of black-box models". `samples` forward passes; masks are made
as they are needed, so memory does not grow with them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
from optogram.errors import NotDefinedError, SettingError


def rise(question: Question, *, samples: int = 1000, cells: int = 8, keep: float = 0.5, baseline: Baseline = "black") -> Answer:
    """(sum over masks M of M (f(M x + (1 - M) b) - mean f)) / (sum of M), at each pixel.

    A mask is a grid of `cells` x `cells` coins that come up with chance `keep`, enlarged (bilinear) and shifted at random by up to a cell.
    The paper leaves the mean response in, which lifts the whole map by it: here a photograph without effect has a map of noughts.
    The masks come from the seed, the same for every photograph of a size. Every channel repeats the same map.
    """
    if samples < 1 or cells < 1 or not 0 < keep < 1:
        raise SettingError(f"rise takes samples and cells from 1 up and keep between 0 and 1; got {samples}, {cells}, {keep}")
    if question.source is not None:
        raise NotDefinedError(f"rise masks photographs; for the units of {question.source.address} use integrated_gradients or conductance")
    images = question.images
    base = baseline_of(question, images, baseline)
    fixed, responses = question.settled()
    generator = torch.Generator().manual_seed(question.seed)
    weighted, cover = torch.zeros_like(images[:, :1]), torch.zeros_like(images[:1, :1])
    shift = images.new_zeros(len(images))
    summed = torch.zeros_like(shift)
    drawn = max(1, question.batch_size // len(images))
    with fixed.tracked(samples * len(images)) as watched:
        for start in range(0, samples, drawn):
            masks = torch.cat([draw_mask(images, cells, keep, generator) for _ in range(min(drawn, samples - start))])
            mixed = torch.lerp(base[None], images[None], masks[:, None]).flatten(0, 1)
            photo = torch.arange(len(images), device=images.device).repeat(len(masks))
            answers = watched.responses(mixed, photo).view(len(masks), len(images))
            shift = answers[0] if start == 0 else shift
            # Sums are of differences from the first answer: a response that never changes gives exact noughts.
            weighted += torch.einsum("db,dhw->bhw", answers - shift, masks[:, 0])[:, None]
            summed += (answers - shift).sum(dim=0)
            cover += masks.sum(dim=0)
    values = weighted / cover.clamp_min(1e-6) - (summed / samples).view(-1, 1, 1, 1)
    return Answer(values.expand_as(images), responses, fixed.places or (), per_channel=False, estimated=True)


def draw_mask(
    like: Float[Tensor, "batch channel height width"], cells: int, keep: float, generator: torch.Generator
) -> Float[Tensor, "1 1 height width"]:
    """One mask, in 0..1."""
    height, width = like.shape[2:]
    coins = (torch.rand(1, 1, cells + 1, cells + 1, generator=generator) < keep).float()
    rows, columns = -(-height // cells), -(-width // cells)
    large = F.interpolate(coins, size=((cells + 1) * rows, (cells + 1) * columns), mode="bilinear", align_corners=False)
    top, left = (int(torch.randint(0, side, (1,), generator=generator)) for side in (rows, columns))
    return large[:, :, top : top + height, left : left + width].clamp(0, 1).to(like)
