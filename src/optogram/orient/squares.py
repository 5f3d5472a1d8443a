"""Photographs as squares in four turns, resampled alike; and the same re-encoded or blurred, as controls.

What could tell up without anything being seen is closed: the aspect, by cutting the square out first; differences of resampling, by resizing once and
turning exactly; traces of the camera's or a file's compression, which lie along rows and columns, are what the controls are for.
"""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from optogram.errors import SettingError, unknown

Control = Literal["none", "encoded", "blurred"]
CONTROLS: tuple[Control, ...] = ("none", "encoded", "blurred")
QUALITIES = (50, 95)
"""Of re-encoding, drawn anew for each turn."""
COARSER = 4
"""How many pixels blurring averages in each direction."""


def square(photo: UInt8[np.ndarray, "height width channel"], side: int) -> UInt8[np.ndarray, "side side channel"]:
    """The centre square of a photograph, cut out first and then resized (bicubic, antialiased)."""
    short = min(photo.shape[:2])
    top, left = (photo.shape[0] - short) // 2, (photo.shape[1] - short) // 2
    cut = photo[top : top + short, left : left + short]
    picture = Image.fromarray(cut[:, :, 0] if photo.shape[2] == 1 else cut).resize((side, side), Image.Resampling.BICUBIC)
    pixels = np.array(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def four_turns(
    pixels: UInt8[np.ndarray, "side side channel"], control: Control = "none", random: np.random.Generator | None = None
) -> Float[Tensor, "4 channel side side"]:
    """A square turned by 0, 1, 2 and 3 quarter turns counterclockwise, exactly; floats in 0..1.

    `control="encoded"`: each turn is then saved as a JPEG of its own random quality and read again, so that all bear a compression along their own
    rows. `"blurred"`: all detail finer than four pixels is gone. Raises `SettingError` for another control.
    """
    if control not in CONTROLS:
        raise SettingError(unknown("control", control, CONTROLS))
    turned = [np.ascontiguousarray(np.rot90(pixels, turn)) for turn in range(4)]
    if control == "encoded":
        drawn = (random or np.random.default_rng(0)).integers(QUALITIES[0], QUALITIES[1] + 1, 4)
        turned = [_encoded(one, int(quality)) for one, quality in zip(turned, drawn, strict=True)]
    images = torch.from_numpy(np.stack(turned)).permute(0, 3, 1, 2).float() / 255
    if control == "blurred":
        side = images.shape[-1]
        coarse = torch.nn.functional.interpolate(images, size=(max(1, side // COARSER),) * 2, mode="area")
        images = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear", align_corners=False)
    return images


def _encoded(pixels: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    gray = pixels.shape[2] == 1
    Image.fromarray(pixels[:, :, 0] if gray else pixels).save(stream, format="JPEG", quality=quality)
    found = np.array(Image.open(stream))
    return found[:, :, None] if gray else found
