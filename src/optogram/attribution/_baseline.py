"""What stands for absence: the input that a photograph is compared with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._question import Question
from optogram.errors import InputError, NotDefinedError, SettingError, unknown

NAMES = ("black", "mean", "blur", "noise")
BLUR = 1 / 14
"""Standard deviation of the blur, as a share of the shorter side: 16 pixels of 224."""

Baseline = Any
"""One of `NAMES`, a number, or an array that broadcasts to the source: one for all photographs or one each."""


def baseline_of(question: Question, origin: Float[Tensor, "batch ..."], baseline: Baseline) -> Float[Tensor, "batch ..."]:
    """The baseline of every photograph, in the shape of `origin`.

    black: 0 (also of hidden units). mean: each channel's mean over the photograph. blur: the photograph without detail. noise:
    uniform in 0..1, the same for all photographs, from the question's seed. Each depends on its own photograph alone.
    """
    if isinstance(baseline, str):
        if baseline not in NAMES:
            raise SettingError(unknown("baseline", baseline, NAMES, "A number or an array will do, too."))
        return _named(question, origin, baseline)
    if isinstance(baseline, int | float):
        return torch.full_like(origin, float(baseline))
    given = torch.as_tensor(np.asarray(baseline.detach().cpu()) if isinstance(baseline, Tensor) else np.asarray(baseline)).to(origin)
    try:
        return given.expand_as(origin) if given.ndim == origin.ndim or given.ndim == 0 else given[None].expand_as(origin)
    except RuntimeError as error:
        raise InputError(
            f"a baseline has the shape of the photographs, {tuple(origin.shape)}, or of one of them; got {tuple(given.shape)}"
        ) from error


def _named(question: Question, origin: Tensor, name: str) -> Tensor:
    if name == "black":
        return torch.zeros_like(origin)
    if question.source is not None:
        raise NotDefinedError(f'the baseline "{name}" is defined for photographs; for units of {question.source.address} use "black" (0) or an array')
    if name == "mean":
        return origin.mean(dim=(2, 3), keepdim=True).expand_as(origin)
    if name == "blur":
        return blurred(origin, BLUR * min(origin.shape[2:]))
    generator = torch.Generator().manual_seed(question.seed)
    return torch.rand(origin.shape[1:], generator=generator).to(origin).expand_as(origin)


def blurred(images: Float[Tensor, "batch channel height width"], sigma: float) -> Float[Tensor, "batch channel height width"]:
    """Gaussian blur, the border repeated; `sigma` in pixels."""
    reach = max(1, math.ceil(3 * sigma))
    steps = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = kernel / kernel.sum()
    batch, channels, height, width = images.shape
    flat = images.reshape(batch * channels, 1, height, width)
    flat = F.conv2d(F.pad(flat, (0, 0, reach, reach), mode="replicate"), kernel[None, None, :, None])
    flat = F.conv2d(F.pad(flat, (reach, reach, 0, 0), mode="replicate"), kernel[None, None, None, :])
    return flat.reshape(images.shape)
