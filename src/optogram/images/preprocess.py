"""From the photo frame (the pixels given) to the input frame (after resize and crop), and on to what the network eats."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from optogram.errors import SettingError, unknown
from optogram.geometry import Box

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
SUPPORT: dict[str, float] = {"nearest": 0.5, "bilinear": 1.0, "bicubic": 2.0, "lanczos": 3.0}
"""Half-width of each interpolation's kernel, in pixels of the coarser of the two frames."""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """What stands between a photograph and the network.

    `size`: `None` takes images as they come; an int is the length of the short side after resizing; a pair is (height,
    width) whatever the aspect. `crop`: side (or height, width) of the centre crop; by default the square of an int `size`,
    so that photographs of any aspect form a batch. `mean` and `std`: per channel, for values in 0..1; a single number
    serves every channel. Resizing is antialiased.
    """

    size: int | tuple[int, int] | None = None
    crop: int | tuple[int, int] | None = None
    interpolation: Interpolation = "bilinear"
    mean: tuple[float, ...] | float = (0.0, 0.0, 0.0)
    std: tuple[float, ...] | float = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.interpolation not in SUPPORT:
            raise SettingError(f'interpolation is one of {", ".join(SUPPORT)}; got "{self.interpolation}"')
        for name in ("mean", "std"):
            value = getattr(self, name)
            object.__setattr__(self, name, (float(value),) if isinstance(value, int | float) else tuple(float(entry) for entry in value))
        if any(entry <= 0 for entry in self.deviations):
            raise SettingError(f"std holds positive numbers; got {self.std}")
        for name in ("size", "crop"):
            value = getattr(self, name)
            if isinstance(value, list | tuple):
                object.__setattr__(self, name, (int(value[0]), int(value[1])))
            sides = getattr(self, name)
            if sides is not None and min(sides if isinstance(sides, tuple) else (sides,)) < 1:
                raise SettingError(f"{name} is at least one pixel; got {value}")

    def changed(self, text: str) -> Preprocess:
        """With the settings that a line of text names, as `size=256,crop=224,mean=.485/.456/.406,std=.5`; the others stay.

        A slash stands between height and width, and between channels; `size=none` takes images as they come. Raises `SettingError`.
        """
        given = dict(_setting(part) for part in text.replace(" ", ",").split(",") if part)
        return replace(self, **given)

    @property
    def means(self) -> tuple[float, ...]:
        """`mean` as a tuple."""
        return self.mean if isinstance(self.mean, tuple) else (self.mean,)

    @property
    def deviations(self) -> tuple[float, ...]:
        """`std` as a tuple."""
        return self.std if isinstance(self.std, tuple) else (self.std,)

    @property
    def output_size(self) -> tuple[int, int] | None:
        """Height and width of the input frame; `None` where that depends on the photograph."""
        if self.crop is not None:
            return _pair(self.crop)
        return None if self.size is None else _pair(self.size)

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Height and width after resizing and before cropping, of a photograph of that size."""
        if self.size is None:
            return height, width
        if isinstance(self.size, tuple):
            return self.size
        short = min(height, width)
        return (self.size, max(1, int(self.size * width / short))) if height == short else (max(1, int(self.size * height / short)), self.size)

    def offset(self, height: int, width: int) -> tuple[int, int]:
        """Row and column of the crop's corner in the resized photograph; negative where the crop is larger."""
        target = self.output_size
        if target is None:
            return 0, 0
        rows, columns = self.resized(height, width)
        return _corner(rows, target[0]), _corner(columns, target[1])

    def to_photo(self, box: Box, height: int, width: int) -> Box:
        """A box of the input frame in the pixels of a photograph of that size, widened by the interpolation's kernel.

        Each pixel of the input frame mixes photo pixels as far as the kernel reaches; the box returned holds them all.
        """
        rows, columns = self.resized(height, width)
        if (rows, columns) == (height, width):
            return box.shifted(*self.offset(height, width))
        top, left = self.offset(height, width)
        first_row, last_row = _stretch(box.top + top, box.bottom + top, height / rows, SUPPORT[self.interpolation])
        first_column, last_column = _stretch(box.left + left, box.right + left, width / columns, SUPPORT[self.interpolation])
        return Box(first_row, first_column, last_row, last_column, box.clipped)

    def frame(self, height: int, width: int) -> Box:
        """The part of a photograph of that size that the network is given: no other pixel has a part in any response."""
        rows, columns = self.output_size or self.resized(height, width)
        return self.to_photo(Box(0, 0, rows, columns), height, width).within(height, width)

    def apply(self, images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch channel rows columns"]:
        """Resizes and crops a batch inside the graph (antialiased, differentiable); values stay in 0..1.

        Lanczos has no tensor form here and is applied as bicubic; `apply_array` has it.
        """
        height, width = images.shape[-2:]
        rows, columns = self.resized(height, width)
        if (rows, columns) != (height, width):
            mode = "bilinear" if self.interpolation == "bilinear" else "nearest-exact" if self.interpolation == "nearest" else "bicubic"
            smooth = mode != "nearest-exact"
            images = F.interpolate(images, size=(rows, columns), mode=mode, antialias=smooth, align_corners=False if smooth else None)
            images = images.clamp(0, 1) if mode == "bicubic" else images
        target = self.output_size
        if target is None or target == (rows, columns):
            return images
        top, left = self.offset(height, width)
        return F.pad(images, (-left, target[1] - columns + left, -top, target[0] - rows + top))

    def apply_array(self, photo: UInt8[np.ndarray, "height width channel"]) -> UInt8[np.ndarray, "rows columns channel"]:
        """Resizes and crops one decoded photograph with Pillow, as the network's training pipeline did."""
        return self.apply_picture(Image.fromarray(photo[:, :, 0] if photo.shape[2] == 1 else photo), photo.shape[:2])

    def apply_picture(self, picture: Image.Image, size: tuple[int, int]) -> UInt8[np.ndarray, "rows columns channel"]:
        """Resizes and crops one Pillow picture of mode "RGB" or "L".

        `size` is the photograph's height and width, which decide the geometry; the picture itself may be a coarser copy of it. What lies
        outside the photograph is black.
        """
        rows, columns = self.resized(*size)
        if picture.size != (columns, rows):
            picture = picture.resize((columns, rows), getattr(Image.Resampling, self.interpolation.upper()))
        pixels = np.array(picture)
        pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
        target = self.output_size
        if target is None or target == (rows, columns):
            return pixels
        top, left = self.offset(*size)
        cut = pixels[max(top, 0) : max(top, 0) + target[0], max(left, 0) : max(left, 0) + target[1]]
        if cut.shape[:2] == target:
            return np.ascontiguousarray(cut)
        full = np.zeros((*target, pixels.shape[2]), np.uint8)
        full[max(-top, 0) : max(-top, 0) + cut.shape[0], max(-left, 0) : max(-left, 0) + cut.shape[1]] = cut
        return full

    def per_channel(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Means and deviations with one entry a channel; `SettingError` where their number does not fit."""
        return _spread(self.means, channels), _spread(self.deviations, channels)

    def normalise(self, images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch channel height width"]:
        """(images - mean) / std per channel; a gray network takes the average of three means and deviations."""
        channels = images.shape[1]
        mean, std = self.per_channel(channels)
        if not any(mean) and all(value == 1 for value in std):
            return images
        shape = (1, channels, 1, 1)
        lowest, spread = (torch.tensor(values, dtype=images.dtype, device=images.device).view(shape) for values in (mean, std))
        return (images - lowest).div_(spread)


def _setting(part: str) -> tuple[str, Any]:
    """One `name=value`, read by what the name is."""
    name, equals, text = part.partition("=")
    known = [field.name for field in fields(Preprocess)]
    if name not in known or not equals:
        shown = f'preprocessing is written size=256,crop=224,mean=.5,std=.5; got "{part}"'
        raise SettingError(shown if name in known else unknown("setting", name, known, where=" of preprocessing"))
    if name == "interpolation":
        return name, text
    if name in ("size", "crop") and text.lower() == "none":
        return name, None
    kind: type = int if name in ("size", "crop") else float
    try:
        values = tuple(kind(entry) for entry in text.split("/"))
    except ValueError as error:
        raise SettingError(f'{name} takes {"whole numbers" if kind is int else "numbers"}, with a slash between several; got "{text}"') from error
    if kind is int and len(values) > 2:
        raise SettingError(f'{name} is one side or height/width; got "{text}"')
    return name, values[0] if len(values) == 1 else values


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def _corner(length: int, target: int) -> int:
    # torchvision's rounding, which differs between cutting off and filling up.
    return round((length - target) / 2) if length >= target else -((target - length) // 2)


def _spread(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(values) == channels:
        return values
    if len(values) == 1 or len(set(values)) == 1:
        return (values[0],) * channels
    if channels == 1:
        return (sum(values) / len(values),)
    raise SettingError(f"mean and std have {len(values)} entries, the images {channels} channels: give one entry per channel")


def _stretch(first: int, last: int, scale: float, support: float) -> tuple[int, int]:
    reach = support * max(scale, 1.0)
    return math.floor((first + 0.5) * scale - reach), math.ceil((last - 0.5) * scale + reach)
