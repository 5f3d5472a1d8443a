from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optogram.images.decode import Unreadable, decode
from optogram.images.modes import NotFinite, orientation, plain, scaled, upright

COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [90, 160, 230]]], np.uint8)
LUMA = np.array([0.299, 0.587, 0.114])


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(raw: bytes | Image.Image, channels: int = 3) -> np.ndarray:
    return np.asarray(decode(raw, channels).image).astype(int)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "RGBX", "RGBa", "LA", "La", "PA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "I;16B"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_becomes_eight_bits_of_its_size(mode: str, channels: int) -> None:
    found = plain(Image.new(mode, (5, 3)), channels)
    assert found.mode == {1: "L", 3: "RGB"}[channels]
    assert found.size == (5, 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_colours_survive_the_ways_of_writing_them(mode: str) -> None:
    assert np.abs(pixels(Image.fromarray(COLOURS).convert(mode)) - COLOURS).max() <= 3  # YCbCr and HSV round


def test_lab_white_and_red_are_white_and_red() -> None:
    lab = np.array([[[255, 0, 0], [138, 81, 70]]], np.uint8)  # sRGB's red has L 54.3 % of 255, a 81, b 70 under D50; a file's a and b are signed.
    found = pixels(tiff(lab, photometric="cielab"))
    assert np.abs(found[0, 0] - 255).max() <= 3
    assert np.abs(found[0, 1] - [255, 0, 0]).max() <= 12


@pytest.mark.parametrize(
    ("kind", "save"), [("L", "PNG"), ("1", "PNG"), ("P", "GIF"), ("P", "PNG"), ("L", "BMP"), ("L", "TIFF"), ("L", "WEBP"), ("L", "PPM")]
)
def test_gray_files_have_three_equal_channels(kind: str, save: str) -> None:
    levels = np.array([[0, 255], [255, 0]], np.uint8)
    image = Image.fromarray(levels).convert(kind) if save != "WEBP" else Image.fromarray(levels).convert("RGB")
    data = encoded(image, save, **({"lossless": True} if save == "WEBP" else {}))
    assert np.array_equal(pixels(data), levels[:, :, None].repeat(3, 2))


def test_gray_is_the_luma() -> None:
    assert np.abs(pixels(Image.fromarray(COLOURS), channels=1) - COLOURS @ LUMA).max() <= 1


@given(st.integers(0, 255), st.integers(0, 255))
def test_transparency_is_laid_on_white(level: int, alpha: int) -> None:
    wanted = level * alpha / 255 + 255 * (1 - alpha / 255)
    rgba = Image.new("RGBA", (2, 2), (level, level, level, alpha))
    assert np.abs(pixels(rgba) - wanted).max() <= 1
    assert np.abs(pixels(Image.new("LA", (2, 2), (level, alpha)), channels=1) - wanted).max() <= 1
    assert np.abs(pixels(encoded(rgba, "PNG")) - wanted).max() <= 1


def test_premultiplied_alpha_is_not_multiplied_twice() -> None:
    assert np.abs(pixels(Image.new("RGBA", (1, 1), (100, 100, 100, 128)).convert("RGBa")) - 177).max() <= 2


def test_palette_and_gray_files_with_a_transparent_colour_show_white_there() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([200, 10, 10, 10, 10, 200])
    palette.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        assert pixels(encoded(palette, kind, transparency=1)).tolist() == [[[200, 10, 10], [255, 255, 255]]]
    gray = Image.fromarray(np.array([[10, 77]], np.uint8))
    assert pixels(encoded(gray, "PNG", transparency=77)).tolist() == [[[10, 10, 10], [255, 255, 255]]]
    colour = Image.fromarray(COLOURS)
    assert pixels(encoded(colour, "PNG", transparency=(0, 255, 0)))[0, 1].tolist() == [255, 255, 255]


SIXTEEN = np.array([[0, 257, 4095], [30000, 65535, 12]], np.uint16)


def tiff(values: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def pgm(values: np.ndarray, white: int) -> bytes:
    return f"P5 {values.shape[1]} {values.shape[0]} {white}\n".encode() + values.astype(">u2").tobytes()


@pytest.mark.parametrize(
    "data",
    [encoded(Image.fromarray(SIXTEEN), "PNG"), tiff(SIXTEEN), tiff(SIXTEEN, byteorder=">"), pgm(SIXTEEN, 65535)],
    ids=["png", "tiff", "big-endian", "pgm"],
)
def test_sixteen_bits_are_divided_by_their_own_white_not_by_the_photographs(data: bytes) -> None:
    assert np.abs(pixels(data, 1) - np.rint(SIXTEEN / 257)).max() <= 1
    dark = np.asarray(decode(data, 1).image)
    assert dark[0, 1] == 1  # 257 of 65,535 stays dark


def test_twelve_bits_reach_white_at_4095() -> None:
    values = np.array([[0, 4095], [2048, 1000]], np.uint16)
    assert np.abs(pixels(pgm(values, 4095), 1) - np.rint(values / 4095 * 255)).max() <= 1
    packed = bytearray()
    for first, second in values:
        packed += (int(first) << 12 | int(second)).to_bytes(3, "big")
    stream = io.BytesIO()  # A little-endian TIFF of 12 bits a sample, written by hand: no writer at hand packs them.
    tags = [
        (256, 4, 1, 2),
        (257, 4, 1, 2),
        (258, 3, 1, 12),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, 2),
        (279, 4, 1, 6),
    ]
    stream.write(b"II*\x00" + (14).to_bytes(4, "little") + bytes(packed) + len(tags).to_bytes(2, "little"))
    for tag, kind, count, value in tags:
        stream.write(tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + value.to_bytes(4, "little"))
    stream.write(bytes(4))
    assert np.abs(pixels(stream.getvalue(), 1) - np.rint(values / 4095 * 255)).max() <= 1


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([[0, 0.5, 1]]), [[0, 128, 255]]),
        (np.array([[0, 128.0, 255]]), [[0, 128, 255]]),
        (np.array([[0, 65535.0]]), [[0, 255]]),
        (np.array([[-1.0, 0, 3]]), [[0, 64, 255]]),
        (np.array([[7e6, 9e6]]), [[0, 255]]),
        (np.array([[-3.0, -3.0]]), [[0, 0]]),
    ],
)
def test_numbers_without_a_white_point_take_the_smallest_range_that_holds_them(values: np.ndarray, wanted: list[list[int]]) -> None:
    assert scaled(values).tolist() == wanted
    assert pixels(tiff(values.astype(np.float32)), 1).tolist() == wanted


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_float_file_with_nan_or_infinity_says_so(bad: float) -> None:
    with pytest.raises(NotFinite):
        scaled(np.array([0.0, bad]))
    with pytest.raises(Unreadable, match="NaN or infinity"):
        decode(tiff(np.array([[0, bad]], np.float32)))


ARROW = np.zeros((4, 6, 3), np.uint8)
ARROW[0, 0] = (255, 0, 0)
ARROW[0, 5] = (0, 255, 0)
ARROW[3, 0] = (0, 0, 255)

UNDO: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
"""How a camera stores an upright scene for each orientation, by the EXIF standard's table (6: the first row is the scene's right side)."""


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_all_eight_exif_orientations_come_out_upright(value: int, kind: str) -> None:
    scene = ARROW.repeat(16, 0).repeat(16, 1) if kind == "JPEG" else ARROW
    exif = Image.Exif()
    exif[0x0112] = value
    data = encoded(Image.fromarray(np.ascontiguousarray(UNDO[value](scene))), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    found = decode(data)
    assert found.size == scene.shape[:2]
    difference = np.abs(np.asarray(found.image).astype(int) - scene)
    assert difference.max() == 0 if kind != "JPEG" else difference.mean() < 2


def test_a_broken_orientation_leaves_the_photograph_as_it_is() -> None:
    image = Image.fromarray(ARROW)
    for broken in (b"Exif\x00\x00garbage", b"", b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff"):
        image.info["exif"] = broken
        assert orientation(image) == 1
    assert upright(image, 42) is image
