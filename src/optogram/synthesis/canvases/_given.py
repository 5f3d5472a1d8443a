"""What a canvas may be given besides its settings: photographs whose statistics it takes, or one that it begins from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Canvas

Picture = Any
"""A photograph: a file's path, a Pillow picture, or an array [height, width] or [height, width, channel], 8 bits or 0..1."""


def given(canvas: Canvas, network: Network, photos: Photos | None, image: Picture | None, size: tuple[int, int] | None) -> Canvas:
    """The canvas with what it was given; as it is where it takes nothing. `SettingError` where a photograph is given to none that takes it."""
    take = getattr(canvas, "given", None)
    if image is not None and not hasattr(canvas, "began"):
        raise SettingError(f'the canvas "{canvas.name}" does not begin from a photograph; use canvas="image", "pixel" or preset="accentuation"')
    if take is None:
        return canvas
    taken: Canvas = take(network, photos, image, size)
    return taken


def input_picture(network: Network, image: Picture, size: tuple[int, int] | None = None) -> Float[Tensor, "1 channel height width"]:
    """A photograph in the network's input frame, 0..1; resized to `size` where that is another."""
    source = image[None] if isinstance(image, np.ndarray) else image if isinstance(image, str | Path) else [image]
    photos = open_images(source, channels=network.channels)
    if len(photos) != 1:
        raise SettingError(f"image is one photograph; {image} holds {len(photos)}")
    batch = next(iter(photos.batches(network.preprocess, network.channels, workers=0, draft=False)))
    picture = batch.images.to(torch.float32) / 255
    if size is None or tuple(picture.shape[2:]) == size:
        return picture
    resized: Tensor = torch.nn.functional.interpolate(picture, size, mode="bilinear", antialias=True)
    return resized.clamp(0, 1)


def hash_of(picture: Float[Tensor, "1 channel height width"]) -> str:
    """Sixteen hexadecimal digits that name a photograph in the input frame."""
    return hashlib.blake2b(picture.cpu().numpy().tobytes(), digest_size=8).hexdigest()
