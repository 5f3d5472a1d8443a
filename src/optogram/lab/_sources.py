"""What labs look at by default, from what is installed: photographs, the demo network; and the user's own in the same form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network

EMBEDDED = "photographs that came with scikit-image and scikit-learn"


def network_or_demo(network: Network | None) -> Network:
    """The network given, or `zoo:photonet`."""
    if network is not None:
        return network
    from optogram.zoo.photonet import photonet

    return photonet()


def photographs(images: Photos | None, count: int, seed: int) -> list[Image.Image]:
    """`count` photographs in colour: the user's (the lowest ranks of a hash, so that more begin with the fewer), or of those in wheels."""
    if images is None:
        from optogram.zoo._photographs import NAMES, photograph

        order = np.random.default_rng(seed).permutation(len(NAMES))[:count]
        return [Image.fromarray(photograph(NAMES[index])) for index in order.tolist()]
    from optogram.images.folds import rank

    chosen = sorted(range(len(images)), key=lambda index: rank(images.identity(index), seed))[:count]
    return [Image.fromarray(images.load(index, channels=3)) for index in chosen]


def squares(pictures: Sequence[Image.Image], side: int, channels: int) -> Float[Tensor, "batch channel side side"]:
    """The central square of each picture, resized to `side` pixels, in 0..1, in colour or gray."""
    cut = [central(picture.convert("L" if channels == 1 else "RGB"), side) for picture in pictures]
    found = [np.asarray(one, np.float32).reshape(side, side, channels) / 255 for one in cut]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).contiguous()


def central(picture: Image.Image, side: int) -> Image.Image:
    """The central square of a picture, resized to `side` pixels."""
    edge = min(picture.size)
    left, top = (picture.width - edge) / 2, (picture.height - edge) / 2
    return picture.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + edge, top + edge))
