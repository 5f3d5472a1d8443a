"""Any kind of pixels that Pillow knows, as 8-bit RGB or gray."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageCms

WHITE = 255
"""What stands behind a transparent picture: a page, as a person sees it. (Dropping alpha would show colours that nobody sees.)"""

ORIENTATION = 0x0112
BITS_PER_SAMPLE = 258

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class NotFinite(ValueError):
    """NaN or infinity among the pixels."""


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (as it is) where there is none or it cannot be read: a broken tag spoils no photograph."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow's parser raises whatever the broken bytes lead to.
        return 1
    return value if value in _TURNS else 1


def upright(image: Image.Image, value: int) -> Image.Image:
    """The picture turned as EXIF orientation `value` asks."""
    return image.transpose(_TURNS[value]) if value in _TURNS else image


def plain(image: Image.Image, channels: int) -> Image.Image:
    """The picture in mode "RGB" (`channels=3`) or "L" (`channels=1`), 8 bits.

    - Gray from colour is the luma .299 R + .587 G + .114 B, on the values as stored (Pillow's, as in training pipelines).
    - Transparency is laid on white.
    - 16 bits: divided by the largest value that the file's depth can hold (65,535, or 4,095 for 12 bits), not by the
      photograph's own: a dark photograph stays dark.
    - 32-bit integers and floats have no such value: numbers within 0..1, 0..255 or 0..65,535 are read as
      those ranges; anything else is stretched from its least to its greatest.
    - Colour profiles are ignored, as in the pipelines that networks are trained with; CMYK is converted plainly.

    Raises `NotFinite` for NaN or infinity.
    """
    mode = "RGB" if channels == 3 else "L"
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert(mode)
    if image.mode == "LAB":
        return _from_lab(image).convert(mode)
    if image.has_transparency_data or image.mode in ("RGBa", "La"):
        return _on_white(image).convert(mode)
    return image.convert(mode)


def scaled(values: np.ndarray) -> np.ndarray:
    """Numbers without a stated white point as 8 bits, by the smallest of 0..1, 0..255, 0..65,535 that holds them all.

    Numbers that none of them holds are stretched from least to greatest. Raises `NotFinite`.
    """
    values = values.astype(np.float64)
    if values.size == 0:
        return values.astype(np.uint8)
    if not np.isfinite(values).all():
        raise NotFinite
    low, high = float(values.min()), float(values.max())
    white = next((white for white in (1.0, 255.0, 65535.0) if low >= 0 and high <= white), None)
    if white is None:
        values, white = values - low, (high - low) or 1.0
    return np.rint(values * (255.0 / white)).astype(np.uint8)


def _eight_bits(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if image.mode == "I" and image.format == "PPM":
        white = 65535  # Pillow scales the file's own white to that.
    elif image.mode.startswith("I;16"):
        white = 2 ** _depth(image) - 1
    else:
        return scaled(values)
    eight: np.ndarray = np.rint(values.astype(np.float64).clip(0, white) * (255.0 / white)).astype(np.uint8)
    return eight


def _depth(image: Image.Image) -> int:
    """Bits of a sample: what a TIFF says, else 16. Pillow unpacks 12 bits into 16 without scaling."""
    tags = getattr(image, "tag_v2", None)
    depth = tags.get(BITS_PER_SAMPLE) if tags is not None else None
    depth = depth[0] if isinstance(depth, tuple) and depth else depth
    return depth if isinstance(depth, int) and 8 < depth < 16 else 16


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, "RGBA")).convert("RGBA")
    ground = Image.new("RGBA", layer.size, (WHITE, WHITE, WHITE, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    turned = ImageCms.applyTransform(image, transform)
    return turned if turned is not None else image.convert("RGB")
