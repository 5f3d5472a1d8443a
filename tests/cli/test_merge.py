"""`optogram sweep --shard --keep` and `optogram merge`: parts swept apart are the whole."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Type, one_line

import optogram as og


def test_parts_kept_apart_are_joined_to_the_whole(typed: Type, place: Path) -> None:
    for part in (1, 2, 3):
        made = typed("sweep", "net.py:colours", "photos", "--shard", f"{part}/3", "--keep", f"part{part}.safetensors")
        assert (made.code, made.out.strip()) == (0, f"part{part}.safetensors")
    assert typed("sweep", "net.py:colours", "photos", "--keep", "whole.safetensors").code == 0
    joined = typed("merge", "part3.safetensors", "part1.safetensors", "part2.safetensors", "-o", "joined.safetensors")
    assert joined.code == 0
    assert joined.out.splitlines()[-1] == "joined.safetensors"
    one, other = (og.Sweep.load(place / name) for name in ("joined.safetensors", "whole.safetensors"))
    assert one.swept == other.swept == len(other.identities)
    for unit in ("0:0", "0:1", "2:0"):
        assert [(e.image, e.position) for e in one.exemplars(unit)] == [(e.image, e.position) for e in other.exemplars(unit)]
    assert not [path.name for path in place.iterdir() if path.name.startswith(".")]


def test_what_is_missing_is_told_with_what_to_type(typed: Type) -> None:
    typed("sweep", "net.py:colours", "photos", "--shard", "1/2", "--keep", "one.safetensors")
    found = typed("merge", "one.safetensors", "-o", "all.safetensors")
    assert found.code == 1
    assert "part 2 of 2 is missing" in one_line(found.err)
    assert "--shard PART/2" in one_line(found.err)
    assert "--shard is PART/PARTS" in one_line(typed("sweep", "net.py:colours", "photos", "0:0", "--shard", "two").err)
    unasked = typed("sweep", "net.py:colours", "photos")
    assert unasked.code == 2
    assert "--keep sweep.safetensors" in " ".join(unasked.err.split())
