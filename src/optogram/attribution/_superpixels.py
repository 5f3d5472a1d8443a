"""Parts of a photograph that belong together: superpixels, a grid, or the user's own.

Superpixels are k-means in colour and place (SLIC, Achanta et al. 2012), each pixel choosing among the nine nearest centres of a grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._question import Question
from optogram.errors import InputError, NotDefinedError, SettingError

Segments = Any
"""`"superpixels"`, `"grid"`, or an array of whole numbers [height, width] (or one each, [batch, height, width])."""
KINDS = ("superpixels", "grid")
ROUNDS = 10
COMPACTNESS = 0.2
"""How much place counts beside colour: one cell's width counts like this share of the way from black to white."""


def parts_of(question: Question, segments: Segments, cells: int) -> Int[Tensor, "batch height width"]:
    """Each pixel's part, numbered from 0 with none left out; `cells` parts along the shorter side where they are made here."""
    if question.source is not None:
        raise NotDefinedError(
            f"{question.method} covers parts of a photograph; for the units of {question.source.address} use integrated_gradients or conductance"
        )
    images = question.images
    if not isinstance(segments, str):
        return _given(images, segments)
    if segments not in KINDS:
        raise SettingError(f'segments is one of {", ".join(KINDS)} or an array [height, width]; got "{segments}"')
    if not 2 <= cells <= min(images.shape[2:]):
        raise SettingError(f"cells is at least 2 and at most the shorter side, {min(images.shape[2:])}; got {cells}")
    start = grid_of((images.shape[2], images.shape[3]), cells)[0].to(images.device)
    if segments == "grid":
        return start.expand(len(images), -1, -1)
    return torch.stack([numbered(superpixels(image, cells)) for image in images])


def grid_of(size: tuple[int, int], cells: int) -> tuple[Int[Tensor, "height width"], tuple[int, int]]:
    """Nearly square cells, `cells` of them along the shorter side, and how many there are down and across."""
    short = min(size)
    rows, columns = (max(1, round(side * cells / short)) for side in size)
    down, across = torch.arange(size[0]) * rows // size[0], torch.arange(size[1]) * columns // size[1]
    return down[:, None] * columns + across[None, :], (rows, columns)


def superpixels(image: Float[Tensor, "channel height width"], cells: int) -> Int[Tensor, "height width"]:
    """Numbers of the superpixels of one photograph; some numbers may be left out."""
    size = (image.shape[1], image.shape[2])
    start, (rows, columns) = grid_of(size, cells)
    start = start.to(image.device)
    places = torch.stack(torch.meshgrid(*(torch.arange(side, device=image.device) for side in size), indexing="ij"))
    scale = COMPACTNESS * cells / min(size)
    features = torch.cat((image.float(), places.float() * scale)).flatten(1).T
    near = _neighbours(start.flatten(), rows, columns)
    labels = start.flatten()
    for _ in range(ROUNDS):
        centres = _means(features, labels, rows * columns)
        distance = torch.stack([(features - centres[column]).square().sum(dim=1) for column in near.T], dim=1)
        labels = near.gather(1, distance.nan_to_num(torch.inf).argmin(dim=1, keepdim=True))[:, 0]
    return labels.view(size)


def numbered(labels: Int[Tensor, "height width"]) -> Int[Tensor, "height width"]:
    """The same parts, numbered without gaps."""
    inverse: Tensor = labels.unique(return_inverse=True)[1]
    return inverse


def _means(features: Tensor, labels: Tensor, count: int) -> Tensor:
    """Centres; NaN where a part has no pixel left."""
    sums = torch.zeros(count, features.shape[1], device=features.device).index_add_(0, labels, features)
    means: Tensor = sums / torch.bincount(labels, minlength=count)[:, None]
    return means


def _neighbours(cell: Tensor, rows: int, columns: int) -> Tensor:
    """For each pixel the nine cells around its own, those beyond the border replaced by the nearest."""
    row, column = cell // columns, cell % columns
    steps = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return torch.stack([(row + down).clamp(0, rows - 1) * columns + (column + across).clamp(0, columns - 1) for down, across in steps], dim=1)


def _given(images: Tensor, segments: Any) -> Tensor:
    array = torch.as_tensor(np.asarray(segments.cpu() if isinstance(segments, Tensor) else segments))
    if array.is_floating_point() or array.shape[-2:] != images.shape[2:] or array.ndim not in (2, 3):
        raise InputError(f"segments are whole numbers [height, width] = {tuple(images.shape[2:])}; got {array.dtype} of shape {tuple(array.shape)}")
    each = array.expand(len(images), -1, -1) if array.ndim == 2 or len(array) in (1, len(images)) else None
    if each is None:
        raise InputError(f"segments are for all photographs or one each, {len(images)}; got {len(array)}")
    return torch.stack([numbered(one) for one in each]).to(images.device)
