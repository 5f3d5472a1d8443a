from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

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


@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP", "GIF", "BMP"])
def test_what_is_no_jpeg_is_refused_by_name(name: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, format=name)
    with pytest.raises(InputError, match=f"a {name if name != 'WEBP' else 'WebP'}, not a JPEG"):
        splices(stream.getvalue(), 6)


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


def sized(order: str, kind: int, data: bytes) -> tuple[int, bytes]:
    """How many values of a TIFF kind (2 text, 3 short, 4 long, 7 undefined) the bytes hold, and the bytes, whole values only."""
    size = {2: 1, 3: 2, 4: 4, 7: 1}[kind]
    count = max(1, len(data) // size)
    return count, data[: count * size].ljust(count * size, b"\x00")


def directory(order: str, tags: dict[int, tuple[int, bytes]], start: int, following: int) -> bytes:
    """A TIFF directory at `start`, entries in the order of their tags, values over four bytes behind it: written here from the TIFF 6.0 text."""
    entries, rest = b"", b""
    behind = start + 2 + 12 * len(tags) + 4
    for tag, (kind, data) in sorted(tags.items()):
        count, value = sized(order, kind, data)
        if len(value) > 4:
            held = struct.pack(order + "I", behind + len(rest))
            rest += value + b"\x00" * (len(value) % 2)
        else:
            held = value.ljust(4, b"\x00")
        entries += struct.pack(order + "HHI", tag, kind, count) + held
    return struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following) + rest


@st.composite
def cameras(draw: st.DrawFn) -> tuple[bytes, int]:
    """A JPEG as some camera writes it, and its orientation: either byte order, other tags, a thumbnail, other segments, progressive or not."""
    order, mark = draw(st.sampled_from([("<", b"II"), (">", b"MM")]))
    values = st.tuples(st.sampled_from([2, 3, 4, 7]), st.binary(min_size=1, max_size=40))
    # 0x8769, 0x8825 and 0xA005 point at further directories, and would have to; those of strips and thumbnails at data.
    names = st.integers(0x0001, 0xFFFE).filter(
        lambda tag: tag not in (0x0112, 0x8769, 0x8825, 0xA005, 0x0111, 0x0117, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202)
    )
    tags = draw(st.dictionaries(names, values, max_size=6))
    said = draw(st.none() | st.integers(1, 8))
    if said is not None:
        tags[0x0112] = (3, struct.pack(order + "H", said))
    first = 8 + draw(st.integers(0, 3)) * 2
    length = len(directory(order, tags, first, 0))
    thumbnail = draw(st.booleans())
    tiff = (mark + struct.pack(order + "HI", 42, first)).ljust(first, b"\x00") + directory(order, tags, first, first + length if thumbnail else 0)
    tiff += directory(order, {0x0103: (3, struct.pack(order + "H", 6))}, first + length, 0) if thumbnail else b""
    tiff += draw(st.binary(max_size=9))
    body = b"Exif\x00\x00" + tiff
    data = jpeg(progressive=draw(st.booleans()))
    jfif = 4 + int.from_bytes(data[4:6], "big")
    others = st.lists(st.tuples(st.sampled_from([0xE2, 0xED, 0xEE, 0xFE]), st.binary(max_size=20)), max_size=2)
    around = [b"".join(struct.pack(">BBH", 0xFF, one, len(held) + 2) + held for one, held in draw(others)) for _ in range(2)]
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    kept = data[2:jfif] if draw(st.booleans()) else b""
    return data[:2] + kept + around[0] + segment + around[1] + data[jfif:], said or 1


@given(cameras(), st.integers(1, 8))
def test_any_camera_s_file_keeps_every_byte_but_the_tag(camera: tuple[bytes, int], value: int) -> None:
    data, said = camera
    assert orientation(data) == said
    changes = splices(data, value)
    after = spliced(data, changes)
    assert orientation(after) == value == Image.open(io.BytesIO(after)).getexif().get(0x0112, 1)
    tail = data[data.index(b"\xff\xdb\x00") :]
    assert after.endswith(tail)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(after))), np.asarray(Image.open(io.BytesIO(data))))
    before, now = (dict(Image.open(io.BytesIO(one)).getexif()) for one in (data, after))
    assert {tag: held for tag, held in now.items() if tag != 0x0112} == {tag: held for tag, held in before.items() if tag != 0x0112}
    for tag in (0x0103,):
        assert _thumbnail(after).get(tag) == _thumbnail(data).get(tag)
    removed = sum(len(change.removed) for change in changes)
    assert removed <= 6, "only the tag, or the segment's length and the pointer to the directory, are ever overwritten"
    assert spliced(after, reversed_splices(changes)) == data


def _thumbnail(data: bytes) -> dict[int, object]:
    """The tags of the second directory, as Pillow reads them."""
    exif = Image.open(io.BytesIO(data)).getexif()
    return dict(exif.get_ifd(ExifTags.IFD.IFD1))


def test_a_second_picture_s_place_is_not_moved() -> None:
    """Some cameras append pictures whose places count from a segment in front: what would push them on is refused, what does not is done."""
    plain = jpeg()
    jfif = 4 + int.from_bytes(plain[4:6], "big")
    index = b"MPF\x00" + b"II\x2a\x00" + b"\x00" * 8
    several = plain[:jfif] + b"\xff\xe2" + struct.pack(">H", len(index) + 2) + index + plain[jfif:]
    assert spliced(several, splices(several, 6)).index(b"MPF") > several.index(b"MPF")
    without = SOURCES["without"]
    behind = without[:2] + b"\xff\xe2" + struct.pack(">H", len(index) + 2) + index + without[2:]
    with pytest.raises(InputError, match="several pictures"):
        splices(behind, 6)
    turned = SOURCES["turned"]
    ahead = turned[:2] + b"\xff\xe2" + struct.pack(">H", len(index) + 2) + index + turned[2:]
    assert orientation(spliced(ahead, splices(ahead, 3))) == 3


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
