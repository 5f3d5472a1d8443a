"""A signed map laid over a gray photograph, its strong regions outlined, so that sign can be told without colour."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from optogram.drawing.colour import limit_of
from optogram.drawing.contour import by_size, contours
from optogram.drawing.paper import Paper
from optogram.drawing.theme import LIGHT, Theme, rgb

_SMALLEST = 448
"""Pixels of the picture's longer side, at least: small maps are enlarged by a whole number, so that the outlines are fine."""

_STRENGTH = 0.72
_SMOOTHED = 0.02
_SHORTEST = 0.1


def overlay(
    photo: UInt8[np.ndarray, "height width channel"],
    values: Float[np.ndarray, "height width"],
    limit: float | None = None,
    outlines: bool = True,
    theme: Theme = LIGHT,
) -> Image.Image:
    """The photograph in pale gray, tinted blue (negative) and orange (positive) as strongly as the map is, up to `limit`.

    Outlines, solid for positive and dashed for negative, stand at half the limit of the map smoothed by 2 % of its side (a map of pixel
    noise would be all outlines); specks whose outline is shorter than a tenth of the side are not outlined. The map has the photograph's size.
    """
    end = limit_of(values) if limit is None else limit
    height, width = values.shape
    factor = max(1, round(_SMALLEST / max(height, width)))
    tinted = Image.fromarray(_tint(photo, values, end, theme)).resize((width * factor, height * factor), Image.Resampling.BICUBIC)
    if not outlines or end == 0:
        return tinted
    paper = Paper(width, height, theme, scale=factor)
    paper.image = tinted
    smooth = blurred(np.nan_to_num(values), _SMOOTHED * max(height, width))
    half = limit_of(smooth) / 2
    thin = 2.0 / factor * max(1.0, max(height, width) * factor / _SMALLEST)
    for level, dash in ((half, None), (-half, (3.5 * thin, 2.5 * thin))):
        for line in by_size(contours(smooth, level), _SHORTEST * max(height, width)) if half else []:
            points = [(float(column) + 0.5, float(row) + 0.5) for row, column in line]
            paper.line(points, 2 * thin, theme.surface, dash)
            paper.line(points, thin, theme.ink, dash)
    return paper.image


def gray(photo: UInt8[np.ndarray, "height width channel"]) -> Float[np.ndarray, "height width"]:
    """The luma of a photograph, 0 to 1."""
    weights = np.array([0.299, 0.587, 0.114]) if photo.shape[2] == 3 else np.ones(1)
    luma: np.ndarray = photo @ weights / 255
    return luma


def blurred(values: Float[np.ndarray, "height width"], sigma: float) -> Float[np.ndarray, "height width"]:
    """Gaussian smoothing, the border mirrored; `sigma` in pixels."""
    reach = min(int(np.ceil(3 * sigma)), *(side - 1 for side in values.shape))
    if reach < 1:
        return values.astype(float)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    smooth = values.astype(float)
    for axis in (0, 1):
        smooth = np.apply_along_axis(lambda line: np.convolve(np.pad(line, reach, mode="reflect"), kernel, "valid"), axis, smooth)
    return smooth


def _tint(photo: np.ndarray, values: np.ndarray, limit: float, theme: Theme) -> np.ndarray:
    pale = 0.36 + 0.6 * gray(photo) if theme is LIGHT else 0.08 + 0.6 * gray(photo)
    share = np.nan_to_num(values / (limit or 1.0)).clip(-1, 1)
    ends = np.where(share[:, :, None] < 0, np.array(rgb(theme.low)), np.array(rgb(theme.high))) / 255
    strength = _STRENGTH * np.abs(share)[:, :, None]
    tinted: np.ndarray = np.rint((pale[:, :, None] * (1 - strength) + ends * strength) * 255).astype(np.uint8)
    return tinted
