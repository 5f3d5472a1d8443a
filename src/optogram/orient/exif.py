"""The orientation tag in a JPEG's bytes: read, and set without touching any other picture data.

Where the file has the tag, its two bytes change. Where it has EXIF data without the tag, a copy of the first directory with the tag is appended to
them, so that no offset in them moves. Where it has none, one segment is inserted. Everything from the first byte of picture data on stays as it is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from optogram.errors import InputError

TAG = 0x0112
EXIF = b"Exif\x00\x00"
SEVERAL = b"MPF\x00"
"""Marks a segment from which places of further pictures in the file are counted (CIPA DC-007)."""
KNOWN = {
    b"\x89PNG": "a PNG",
    b"II*\x00": "a TIFF",
    b"MM\x00*": "a TIFF",
    b"GIF8": "a GIF",
    b"RIFF": "a WebP",
    b"BM": "a BMP",
}
"""What other files begin with."""
LONGEST = 65535
"""Bytes of a segment with its length field: JPEG has two bytes for it."""


@dataclass(frozen=True, slots=True)
class Splice:
    """At `offset` of the file before, `removed` gave way to `inserted`."""

    offset: int
    removed: bytes
    inserted: bytes


@dataclass(frozen=True, slots=True)
class _Directory:
    """The first directory of EXIF data: the file's offset of its TIFF header and of the directory itself, byte order, entries."""

    segment: int
    header: int
    start: int
    order: str
    entries: tuple[bytes, ...]
    end: int


def orientation(data: bytes) -> int:
    """The tag's value, 1 where there is none. Raises `InputError` for what is no JPEG, or has EXIF data that cannot be read."""
    directory = _directory(data)
    found = None if directory is None else _place(data, directory)
    if found is None or directory is None:
        return 1
    value = int(struct.unpack_from(directory.order + "H", data, found)[0])
    return value if 1 <= value <= 8 else 1


def splices(data: bytes, value: int) -> list[Splice]:
    """The least changes of the bytes that set the tag, none where it says so already; in the order of their offsets, which never overlap.

    Raises `InputError` for what is no JPEG, has EXIF data that cannot be read or have no room, or further pictures that would be moved.
    """
    if not 1 <= value <= 8:
        raise InputError(f"an EXIF orientation is 1 to 8; got {value}")
    changes = _changes(data, value)
    if any(data[start + 4 : start + 8] == SEVERAL for _, start, _ in _segments(data) if _grows_behind(changes, start)):
        raise InputError("it holds several pictures, whose places a new tag would move: it is left as it is")
    return changes


def _grows_behind(changes: list[Splice], place: int) -> bool:
    """Whether bytes are added behind a place."""
    return any(change.offset > place and len(change.inserted) > len(change.removed) for change in changes)


def _changes(data: bytes, value: int) -> list[Splice]:
    directory = _directory(data)
    if directory is None:
        return [] if value == 1 else [Splice(_first_place(data), b"", _segment(value))]
    place = _place(data, directory)
    if place is not None:
        before, after = data[place : place + 2], struct.pack(directory.order + "H", value)
        return [] if before == after else [Splice(place, before, after)]
    return [] if value == 1 else _appended(data, directory, value)


def spliced(data: bytes, changes: list[Splice]) -> bytes:
    """The bytes after the changes. Raises `InputError` where what is to be removed is not there."""
    parts, reached = [], 0
    for change in changes:
        stop = change.offset + len(change.removed)
        if data[change.offset : stop] != change.removed or change.offset < reached:
            raise InputError(f"the bytes at {change.offset} are not those that were to be replaced")
        parts += [data[reached : change.offset], change.inserted]
        reached = stop
    return b"".join([*parts, data[reached:]])


def reversed_splices(changes: list[Splice]) -> list[Splice]:
    """The changes that lead back."""
    moved, back = 0, []
    for change in changes:
        back.append(Splice(change.offset + moved, change.inserted, change.removed))
        moved += len(change.inserted) - len(change.removed)
    return back


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first one that holds picture data."""
    if data[:2] != b"\xff\xd8":
        named = next((name for start, name in KNOWN.items() if data.startswith(start)), "")
        raise InputError(f"{named + ', ' if named else ''}not a JPEG: an orientation is written into JPEGs only")
    found, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or length < 2 or place + 2 + length > len(data):
            break
        found.append((marker, place, place + 2 + length))
        place += 2 + length
    return found


def _directory(data: bytes) -> _Directory | None:
    for marker, start, end in _segments(data):
        if marker == 0xE1 and data[start + 4 : start + 10] == EXIF:
            return _parsed(data, start, end)
    return None


def _parsed(data: bytes, start: int, end: int) -> _Directory:
    header = start + 10
    order = {b"II": "<", b"MM": ">"}.get(data[header : header + 2])
    if order is None or end - header < 8 or struct.unpack_from(order + "H", data, header + 2)[0] != 42:
        raise InputError("its EXIF data cannot be read: it is left as it is")
    first = header + struct.unpack_from(order + "I", data, header + 4)[0]
    if not header + 8 <= first <= end - 2:
        raise InputError("its EXIF data point outside of themselves: it is left as it is")
    count = struct.unpack_from(order + "H", data, first)[0]
    if first + 2 + 12 * count + 4 > end:
        raise InputError("its EXIF data end too early: it is left as it is")
    entries = tuple(data[first + 2 + 12 * index : first + 14 + 12 * index] for index in range(count))
    return _Directory(start, header, first, order, entries, end)


def _place(data: bytes, directory: _Directory) -> int | None:
    """Where the tag's value stands in the file."""
    for index, entry in enumerate(directory.entries):
        tag, kind, count = struct.unpack_from(directory.order + "HHI", entry)
        if tag == TAG:
            if (kind, count) != (3, 1):
                raise InputError("its orientation tag is not one short number: it is left as it is")
            return directory.start + 2 + 12 * index + 8
    return None


def _first_place(data: bytes) -> int:
    """Where an EXIF segment goes: behind JFIF's, which must come first, else at once."""
    segments = _segments(data)
    return segments[0][2] if segments and segments[0][0] == 0xE0 else 2


def _segment(value: int) -> bytes:
    tiff = b"MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, TAG, 3, 1, value, 0, 0)
    body = EXIF + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _appended(data: bytes, directory: _Directory, value: int) -> list[Splice]:
    order, end = directory.order, directory.end
    entry = struct.pack(order + "HHIHH", TAG, 3, 1, value, 0)
    rest = data[directory.start + 2 + 12 * len(directory.entries) :][:4]
    # Entries stand in the order of their tags.
    entries = sorted([*directory.entries, entry], key=lambda one: int(struct.unpack_from(order + "H", one)[0]))
    pad = b"\x00" * ((end - directory.header) % 2)
    added = pad + struct.pack(order + "H", len(entries)) + b"".join(entries) + rest
    length = end - directory.segment - 2 + len(added)
    if length > LONGEST:
        raise InputError("its EXIF data fill their segment: there is no room for the tag")
    pointer = struct.pack(order + "I", end + len(pad) - directory.header)
    return [
        Splice(directory.segment + 2, data[directory.segment + 2 : directory.segment + 4], struct.pack(">H", length)),
        Splice(directory.header + 4, data[directory.header + 4 : directory.header + 8], pointer),
        Splice(end, b"", added),
    ]
