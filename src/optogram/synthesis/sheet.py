"""A contact sheet: pictures in rows, two lines of text under each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from PIL.Image import Image

CELL, GAP, LINE = 144, 8, 13
INK, PAPER, NOTHING = (40, 40, 40), (255, 255, 255), (200, 200, 200)


def sheet(images: Sequence[np.ndarray | None], captions: Sequence[tuple[str, str]]) -> Image:
    """Pictures [channel, height, width], 0..1, gray or colour, of any sizes; small ones are enlarged by a whole factor, pixels left square.

    `None` is a picture that there is not: an empty frame.
    """
    from PIL import Image, ImageDraw

    columns = min(len(images), max(1, math.ceil(math.sqrt(len(images) * 1.5))), 12) or 1
    rows = math.ceil(len(images) / columns)
    side = max(CELL, max((max(image.shape[1:]) for image in images if image is not None), default=CELL))
    height, width = side + 2 * LINE + GAP, side + GAP
    page = Image.new("RGB", (columns * width + GAP, rows * height + GAP), PAPER)
    pen = ImageDraw.Draw(page)
    for index, (image, lines) in enumerate(zip(images, captions, strict=True)):
        top, left = GAP + index // columns * height, GAP + index % columns * width
        if image is None:
            pen.rectangle((left, top, left + side - 1, top + side - 1), outline=NOTHING)
            pen.line((left, top + side - 1, left + side - 1, top), fill=NOTHING)
        else:
            picture = _picture(image, side)
            page.paste(picture, (left + (side - picture.width) // 2, top + (side - picture.height) // 2))
        for row, line in enumerate(lines):
            pen.text((left, top + side + 1 + row * LINE), _fitted(pen, line, side), fill=INK)
    return page


def faded(image: Float[np.ndarray, "channel height width"], caring: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "channel height width"]:
    """The picture on white, as opaque as the objective cared: full at the 95th percentile of the smoothed amount, white at none."""
    from scipy.ndimage import gaussian_filter

    amount = gaussian_filter(caring, max(caring.shape) / 64)
    opaque = np.clip(amount / max(float(np.quantile(amount, 0.95)), 1e-12), 0, 1)
    return np.asarray(image * opaque + 1 - opaque, dtype=np.float32)


def _picture(image: Float[np.ndarray, "channel height width"], side: int) -> Image:
    from PIL import Image

    pixels = np.round(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    picture = Image.fromarray(np.repeat(pixels[:, :, :1], 3, axis=2) if pixels.shape[2] != 3 else np.ascontiguousarray(pixels))
    factor = max(1, side // max(picture.size))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _fitted(pen: object, text: str, width: int) -> str:
    """The text, cut at its front where it is too wide: the end of an address says more."""
    measure = pen.textlength  # type: ignore[attr-defined]
    while text and measure(text) > width:
        text = "…" + text.lstrip("…")[1:]
    return text
