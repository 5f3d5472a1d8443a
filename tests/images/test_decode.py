from __future__ import annotations

import functools
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from optogram.images.decode import MAX_PIXELS, Unreadable, decode
from optogram.images.preprocess import Preprocess

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
KINDS = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "PPM"]


def encoded(kind: str, array: np.ndarray = NOISE, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind, **options)
    return stream.getvalue()


def reason(raw: bytes | Path | np.ndarray | Image.Image, **options: int) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(raw, **options)  # type: ignore[arg-type]
    return caught.value.reason


def png_header(width: int, height: int) -> bytes:
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(100))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_half_a_file_is_told_from_no_picture(kind: str, share: float) -> None:
    data = encoded(kind)
    found = reason(data[: int(len(data) * share)])
    assert found in {"JPEG": {"truncated"}, "WEBP": {"damaged"}, "AVIF": {"unreadable AVIF", "truncated", "damaged"}}.get(kind, {"truncated"})


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", "empty file"),
        (b"Dear Sir, ...", "not an image"),
        (b"\x89PNG\r\n", "unreadable PNG"),
        (b"\xff\xd8\xff", "unreadable JPEG"),
        (b"\x00\x00\x00\x24ftypheic\x00\x00", "HEIC, which Pillow cannot open"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00", "HEIC, which Pillow cannot open"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00", "not an image"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL, which Pillow cannot open"),
    ],
)
def test_what_is_no_picture_has_a_short_reason(raw: bytes, wanted: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.jpg"
    file.write_bytes(raw)
    assert reason(file) == wanted
    assert reason(raw) == wanted


def test_an_enormous_picture_is_refused_by_its_header_alone() -> None:
    assert reason(png_header(62_000, 50_000)) == "3.1 gigapixels, limit 0.18"  # Pillow's own limit is the lower one
    assert reason(png_header(62_000, 50_000), max_pixels=10**8) == "3.1 gigapixels, limit 0.1"
    assert reason(encoded("PNG"), max_pixels=1000) == "0.0041 megapixels, limit 0.001"
    assert decode(encoded("PNG"), max_pixels=64 * 64).size == (64, 64)


def test_the_stated_limit_holds_where_pillows_own_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert reason(png_header(62_000, 50_000)) == "3.1 gigapixels, limit 0.2"
    assert MAX_PIXELS == 200_000_000


def test_a_warning_that_the_user_made_an_error_is_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    assert "limit" in reason(encoded("PNG"))  # the suite turns warnings into errors


def test_files_that_are_gone_or_locked_say_so(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.jpg") == "no such file or directory"
    assert reason(tmp_path) == "is a directory"
    if os.geteuid() != 0:
        locked = tmp_path / "locked.png"
        locked.write_bytes(encoded("PNG"))
        locked.chmod(0)
        assert reason(locked) == "permission denied"


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.full((2, 2), np.nan), "NaN or infinity"),
        (np.array([[0.0, np.inf]]), "NaN or infinity"),
        (np.array([[-2.1, 2.6]]), "values from -2.1 to 2.6, not within 0 to 1"),
        (np.zeros((2, 2, 5), np.uint8), "an array of shape 2x2x5, not height x width x 1 to 4 channels"),
        (np.zeros((0, 2), np.uint8), "no pixels"),
        (np.zeros((2, 2), np.int64), "numbers of type int64, neither 8 or 16 bits nor floats"),
    ],
)
def test_arrays_that_are_no_photographs(array: np.ndarray, wanted: str) -> None:
    assert reason(array) == wanted


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.array([[0, 255]], np.uint8), [0, 255]),
        (np.array([[False, True]]), [0, 255]),
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[0.2, 1.0005]], np.float16), [51, 255]),
        (np.array([[[9, 0], [9, 255]]], np.uint8), [255, 9]),
        (np.array([[[9, 9, 9, 255]]], np.float64) / 255, [9]),
    ],
)
def test_arrays_of_every_type(array: np.ndarray, wanted: list[int]) -> None:
    assert np.asarray(decode(array, 1).image).ravel().tolist() == wanted


def test_a_picture_in_memory_is_left_as_it_was() -> None:
    given_ = Image.fromarray(NOISE).convert("RGBA")
    before = given_.tobytes()
    decode(given_, 1, needed=lambda height, width: (8, 8))
    assert given_.mode == "RGBA"
    assert given_.tobytes() == before


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_pictures_without_pixels_are_named(size: tuple[int, int]) -> None:
    assert reason(Image.new("RGB", size)) == "no pixels"
    told = reason(f"P6 {size[0]} {size[1]} 255\n".encode())  # a header that says so
    assert 0 < len(told) < 60


def test_the_first_frame_of_a_moving_picture_counts() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(stream, "GIF", save_all=True, append_images=[Image.new("RGB", (4, 4), "blue")])
    assert np.asarray(decode(stream.getvalue()).image)[0, 0].tolist() == [255, 0, 0]


@given(st.sampled_from(KINDS), st.integers(0, 10**6), st.binary(min_size=1, max_size=20), st.booleans())
def test_whatever_happened_to_a_file_it_is_read_or_named(kind: str, place: int, junk: bytes, cut_off: bool) -> None:
    data = encoded(kind, NOISE[:16, :16])
    place %= len(data)
    broken = data[:place] + junk + (b"" if cut_off else data[place + len(junk) :])
    try:
        found = decode(broken).image.mode
    except Unreadable as error:
        found = error.reason
    assert 0 < len(found) < 60


@functools.cache
def scenes() -> list[np.ndarray]:
    """Detailed, camera-like and synthetic scenes, 1200 by 900."""
    from skimage import data

    soft = [Image.fromarray(scene).resize((1200, 900), Image.Resampling.LANCZOS) for scene in (data.astronaut(), data.chelsea(), data.coffee())]
    rng = np.random.default_rng(1)
    grain = Image.fromarray(rng.integers(0, 256, (900, 1200, 3), dtype=np.uint8)).filter(ImageFilter.GaussianBlur(2))
    return [np.asarray(scene) for scene in (*soft, grain)]


@pytest.mark.parametrize("side", [100, 224])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_coarser_decode_differs_little_from_a_full_one(side: int, channels: int) -> None:
    preprocess = Preprocess(size=side)
    for scene in scenes():
        data = encoded("JPEG", scene, quality=92)
        full, draft = decode(data, channels), decode(data, channels, needed=preprocess.resized)
        assert draft.image.size[0] < full.image.size[0]
        assert min(draft.image.size) >= 2 * side
        assert full.size == draft.size == (900, 1200)
        difference = preprocess.apply_picture(full.image, full.size).astype(float) - preprocess.apply_picture(draft.image, draft.size)
        assert np.sqrt((difference**2).mean()) < 1.5
        assert abs(difference.mean()) < 0.5  # no shift of brightness
        moved = np.roll(preprocess.apply_picture(full.image, full.size), 1, axis=1).astype(float)
        assert (difference**2).mean() < 0.2 * ((moved - preprocess.apply_picture(full.image, full.size)) ** 2).mean()  # nor of place


def test_a_coarse_decode_minds_which_side_is_up() -> None:
    scene = scenes()[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded("JPEG", np.ascontiguousarray(np.rot90(scene, 1)), quality=92, exif=exif)
    preprocess = Preprocess(size=(200, 250))
    found = decode(data, needed=preprocess.resized)
    assert found.size == (900, 1200)
    assert found.image.size == (600, 450)  # half; taking the stored width for the width would have needed the full scale
    wanted = preprocess.apply_picture(Image.fromarray(scene), (900, 1200)).astype(float)
    assert np.abs(preprocess.apply_picture(found.image, found.size) - wanted).mean() < 3


def test_a_small_photograph_is_decoded_in_full() -> None:
    data = encoded("JPEG")
    assert decode(data, needed=Preprocess(size=33).resized).image.size == (64, 64)
