from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from optogram.errors import InputError
from optogram.orient.exif import Splice, orientation, reversed_splices, spliced, splices
from optogram.orient.turns import corrected, shown

PIXELS = np.random.default_rng(0).integers(0, 255, (24, 40, 3)).astype(np.uint8)


def jpeg(exif: Image.Exif | None = None, **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, format="JPEG", **({"exif": exif} if exif is not None else {}), **settings)
    return stream.getvalue()


def with_tags(tag: int | None) -> bytes:
    """EXIF data as cameras write them: a maker, a sub-directory, and a thumbnail directory behind."""
    exif = Image.Exif()
    exif[0x010F] = "A maker with a long name"
    exif[0x0132] = "2026:01:02 03:04:05"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    if tag is not None:
        exif[0x0112] = tag
    return jpeg(exif)


def little_endian() -> bytes:
    tiff = b"II\x2a\x00" + struct.pack("<IHHHII", 8, 1, 0x0110, 2, 3, 0) + b"\x00" * 4
    body = b"Exif\x00\x00" + tiff
    data = jpeg()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def picture_data(data: bytes) -> bytes:
    """Everything from the first quantisation table on, found independently: by Pillow's own list of segments before it."""
    return data[data.index(b"\xff\xdb\x00") :]


SOURCES = {"none": jpeg(), "upright": with_tags(1), "turned": with_tags(6), "without": with_tags(None), "little": little_endian()}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("value", range(1, 9))
def test_the_tag_is_written_and_nothing_else_changes(name: str, value: int) -> None:
    data = SOURCES[name]
    changes = splices(data, value)
    after = spliced(data, changes)
    assert orientation(after) == value
    assert Image.open(io.BytesIO(after)).getexif().get(0x0112, 1) == value
    assert picture_data(after) == picture_data(data)
    before, now = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(after))
    np.testing.assert_array_equal(np.asarray(now), np.asarray(before))
    kept = {key: held for key, held in before.getexif().items() if key != 0x0112}
    assert {key: held for key, held in now.getexif().items() if key != 0x0112} == kept
    assert now.getexif().get_ifd(0x8769) == before.getexif().get_ifd(0x8769)
    assert spliced(after, reversed_splices(changes)) == data


def test_only_two_bytes_change_where_the_tag_is_there() -> None:
    data, after = SOURCES["turned"], spliced(SOURCES["turned"], splices(SOURCES["turned"], 3))
    assert len(data) == len(after)
    assert sum(a != b for a, b in zip(data, after, strict=True)) <= 2


def test_a_segment_is_inserted_behind_jfif() -> None:
    (change,) = splices(SOURCES["none"], 6)
    assert change.removed == b""
    assert SOURCES["none"][2:4] == b"\xff\xe0"
    assert change.offset == 4 + int.from_bytes(SOURCES["none"][4:6], "big")
    assert splices(SOURCES["none"], 1) == splices(SOURCES["turned"], 6) == []


@pytest.mark.parametrize("tag", range(1, 9))
def test_shown_is_what_pillow_shows(tag: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, format="PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(stream))
    np.testing.assert_array_equal(np.asarray(upright), shown(PIXELS, tag))


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("turn", range(4))
def test_the_corrected_tag_shows_the_photograph_upright(tag: int, turn: int) -> None:
    """A stored picture that, shown with `tag`, is an upright one turned by `turn`: with the new tag it is the upright one."""
    upright = PIXELS
    stored = next(
        one for one in (shown(np.rot90(upright, turn), other) for other in range(1, 9)) if np.array_equal(shown(one, tag), np.rot90(upright, turn))
    )
    np.testing.assert_array_equal(shown(stored, corrected(tag, turn)), upright)


@given(st.binary(max_size=60), st.integers(1, 8))
def test_damaged_files_are_refused_or_kept_whole(tail: bytes, value: int) -> None:
    data = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(tail) + 8) + b"Exif\x00\x00" + tail + b"\xff\xdb\x00\x02rest"
    try:
        after = spliced(data, splices(data, value))
    except InputError:
        return
    assert orientation(after) == value
    assert after.endswith(b"\xff\xdb\x00\x02rest")


def test_what_is_no_jpeg_or_has_no_room_is_refused() -> None:
    with pytest.raises(InputError, match="not a JPEG"):
        splices(b"\x89PNG....", 6)
    with pytest.raises(InputError, match="1 to 8"):
        splices(SOURCES["none"], 9)
    exif = Image.Exif()
    exif[0x010E] = "x" * 65490
    with pytest.raises(InputError, match="no room"):
        splices(jpeg(exif), 6)
    with pytest.raises(InputError, match="not those"):
        spliced(b"abc", [Splice(1, b"x", b"y")])
