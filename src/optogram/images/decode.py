"""One photograph from bytes, a file, an array or a picture to 8-bit pixels, upright; or the reason why not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from optogram.errors import SourceError
from optogram.images.modes import NotFinite, orientation, plain, upright

Raw = Path | bytes | np.ndarray | Image.Image
"""A photograph as a source gives it: a file, a file's bytes, an array [height, width(, channel)], or a picture."""

MAX_PIXELS = 200_000_000
DRAFT_MARGIN = 2
"""A JPEG is decoded at the coarsest of its scales that still has this many times the pixels, per side, that resizing needs.

With 1, a photograph that is just over twice too large would come out visibly sharper than the networks' training pipelines
make it (root mean square difference 7 to 14 of 255 on detailed photographs); with 2 it is .4 on a camera's photographs and under 4
on the most detailed ones.
"""

NOT_FINITE = "NaN or infinity"

_ROUNDING = 1e-3
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
}
_BOXED = {b"avi": "AVIF", b"hei": "HEIC", b"hev": "HEIC", b"mif": "HEIC", b"msf": "HEIC", b"crx": "CR3"}
"""Files in boxes say behind `ftyp` what they are."""
_UNKNOWN_TO_PILLOW = ("HEIC", "JPEG XL", "CR3")


class Unreadable(SourceError):
    """One photograph cannot be read; `reason` is a few words that fit in brackets behind its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photograph: `image` is upright, in mode "RGB" or "L"; `size` (height, width) is the whole photograph's.

    `image` is smaller than `size` where a JPEG was decoded at a coarser scale.
    """

    image: Image.Image
    size: tuple[int, int]


def decode(raw: Raw, channels: int = 3, *, max_pixels: int = MAX_PIXELS, needed: Callable[[int, int], tuple[int, int]] | None = None) -> Decoded:
    """Decodes the first frame, turns it as EXIF says, and makes it RGB or gray (`modes.plain`).

    `needed` maps the photograph's height and width to those that it will be resized to (`Preprocess.resized`); a large JPEG is then
    decoded at a coarser scale. No photograph may have more than `max_pixels` pixels, nor more than twice
    `PIL.Image.MAX_IMAGE_PIXELS`, which is Pillow's own limit and the user's to move. Raises `Unreadable` with the reason.
    """
    if isinstance(raw, np.ndarray):
        raw = picture(raw)
    try:
        with _opened(raw) as image:
            rows, columns, turn = _upright_size(image)
            _check_size(rows * columns, max_pixels)
            if needed is not None and image.format in ("JPEG", "MPO"):
                _draft(image, needed(rows, columns), turn)
            image.load()
            return Decoded(upright(plain(image, channels), turn), (rows, columns))
    except Exception as error:  # Damaged files make Pillow's plugins raise whatever the bytes lead to.
        raise Unreadable(_reason(error, raw, max_pixels)) from error


def picture(array: np.ndarray) -> Image.Image:
    """An array [height, width] or [height, width, channel], of 8 or 16 bits, truth values or floats in 0..1, as a picture.

    Two channels are gray and alpha, four are RGB and alpha. Raises `Unreadable`.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)):
        raise Unreadable(f"an array of shape {'x'.join(map(str, array.shape))}, not height x width x 1 to 4 channels")
    if array.size == 0:
        raise Unreadable("no pixels")
    return Image.fromarray(np.ascontiguousarray(_bytes(array)))


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return np.rint(array / 257.0).astype(np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise Unreadable(f"numbers of type {array.dtype}, neither 8 or 16 bits nor floats")
    if not np.isfinite(array).all():
        raise Unreadable(NOT_FINITE)
    low, high = float(array.min()), float(array.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise Unreadable(f"values from {low:.3g} to {high:.3g}, not within 0 to 1")
    eight: np.ndarray = np.rint(array.clip(0, 1) * 255).astype(np.uint8)
    return eight


def _opened(raw: Path | bytes | Image.Image) -> AbstractContextManager[Image.Image]:
    if isinstance(raw, Image.Image):
        return nullcontext(raw)
    if (raw.stat().st_size if isinstance(raw, Path) else len(raw)) == 0:
        raise Unreadable("empty file")
    return Image.open(raw if isinstance(raw, Path) else io.BytesIO(raw))


def _upright_size(image: Image.Image) -> tuple[int, int, int]:
    """Height and width of the photograph turned upright, and how it is still to be turned (Pillow turns TIFFs by itself)."""
    columns, rows = image.size
    turn = 1 if image.format == "TIFF" else orientation(image)
    return (columns, rows, turn) if turn >= 5 else (rows, columns, turn)


def _draft(image: Image.Image, needed: tuple[int, int], turn: int) -> None:
    rows, columns = needed[::-1] if turn >= 5 else needed
    image.draft(None, (columns * DRAFT_MARGIN, rows * DRAFT_MARGIN))


def _check_size(pixels: int, limit: int) -> None:
    if pixels == 0:
        raise Unreadable("no pixels")
    if pixels > limit:
        raise Unreadable(_too_many(pixels, limit))


def _too_many(pixels: int, limit: int) -> str:
    unit, name = (1e9, "gigapixels") if limit >= 1e7 else (1e6, "megapixels")
    return f"{pixels / unit:.2g} {name}, limit {limit / unit:.2g}"


def _reason(error: Exception, raw: Path | bytes | Image.Image, max_pixels: int) -> str:
    if isinstance(error, Unreadable):
        return error.reason
    if isinstance(error, NotFinite):
        return NOT_FINITE
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        pixels, limit = (int(number) for number in re.findall(r"\d+", str(error))[:2])
        return _too_many(pixels, min(limit, max_pixels))
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(raw)
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror.lower() if error.strerror else "cannot be read"
    text = str(error).lower()
    return "truncated" if any(word in text for word in ("truncated", "eof", "not enough image data")) else "damaged"


def _unidentified(raw: Path | bytes | Image.Image) -> str:
    """Tells a file that was a picture once from one that never was."""
    if isinstance(raw, Path):
        with raw.open("rb") as file:
            start = file.read(16)
    else:
        start = raw[:16] if isinstance(raw, bytes) else b""
    kind = next((kind for signature, kind in _SIGNATURES.items() if start.startswith(signature)), None)
    if start[4:8] == b"ftyp":
        kind = _BOXED.get(start[8:11])
    if kind in _UNKNOWN_TO_PILLOW:
        return f"{kind}, which Pillow cannot open"
    return f"unreadable {kind}" if kind else "not an image"
