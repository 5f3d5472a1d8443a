"""Every picture is found at its place, and no pack grows beyond its limits."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from optogram.atlas.folder import Folder
from optogram.atlas.packs import MOST_BYTES, MOST_PLATES, NOWHERE, write_packs

SIZES = st.one_of(st.none(), st.integers(1, 60), st.integers(MOST_BYTES // 5, MOST_BYTES))


@given(st.lists(SIZES, max_size=12), st.integers(0, 40))
def test_every_plate_is_found_byte_for_byte(sizes: list[int | None], more: int) -> None:
    plates = [None if size is None else bytes([number % 251 + 1]) * size for number, size in enumerate([*sizes, *[7] * more])]
    with TemporaryDirectory() as place:
        files, places = write_packs(Folder(Path(place)), "data", "plates", plates)
        packs = [(Path(place) / file.path).read_bytes() for file in files]
    assert len(places) == len(plates)
    for plate, found in zip(plates, places, strict=True):
        if plate is None:
            assert found == NOWHERE
        else:
            assert packs[found.pack][found.offset : found.offset + found.length] == plate
    assert b"".join(packs) == b"".join(plate for plate in plates if plate)
    held = [sum(found.pack == number for found in places) for number in range(len(packs))]
    assert all(count <= MOST_PLATES for count in held)
    assert all(file.bytes == len(pack) <= MOST_BYTES for file, pack in zip(files, packs, strict=True))
    # A pack is closed only when the next plate would not have fitted.
    for number in range(1, len(packs)):
        first = next(found for found in places if found.pack == number)
        assert held[number - 1] == MOST_PLATES or len(packs[number - 1]) + first.length > MOST_BYTES


def test_the_limits_are_16_plates_and_2_megabytes(tmp_path: Path) -> None:
    assert (MOST_PLATES, MOST_BYTES) == (16, 2_000_000)
    files, places = write_packs(Folder(tmp_path), "data", "plates", [b"x"] * 17)
    assert [file.bytes for file in files] == [16, 1]
    assert (places[16].pack, places[16].offset) == (1, 0)


def test_nothing_to_pack_writes_nothing(tmp_path: Path) -> None:
    assert write_packs(Folder(tmp_path), "data", "plates", [None, None]) == ([], [NOWHERE, NOWHERE])
    assert not list(tmp_path.iterdir())
