"""The photographs that labs on a network show it: the user's, or crops of those that come in wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.network import Network

if TYPE_CHECKING:
    from optogram.images.photos import Photos


def shown(network: Network, images: Photos | None, count: int, seed: int) -> tuple[Float[Tensor, "photo channel height width"], list[str]]:
    """At most `count` photographs in the input frame, in 0..1, and what each one is a crop of (its own name, where it is whole)."""
    from optogram.images.folds import panel
    from optogram.images.preprocess import Preprocess
    from optogram.zoo._photographs import held_out_crops

    photos = held_out_crops(max(count, 17)) if images is None else images
    frame = network.preprocess if network.preprocess.output_size else Preprocess(size=min(network.input_size))
    batches = list(photos.batches(frame, network.channels, indices=panel(photos, count, seed), workers=0))
    kin = [photos.group(index) for batch in batches for index in batch.indices]
    return torch.cat([batch.images.float() / 255 for batch in batches]), kin
