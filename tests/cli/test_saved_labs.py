"""The list of saved lab results: what it holds, and that it is written whenever a lab is kept in an atlas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optogram.cli._saved_labs import belongs_to_an_atlas, listed, typed, write_index

FINDING = {"name": "most", "value": 3.0, "sentence": "Counted to 3.", "low": 2.0, "high": 4.0, "control": float("nan"), "chance": None}


def _save(folder: Path, name: str, seed: int = 0, pictures: tuple[str, ...] = ()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    made = {"seed": seed, "versions": {"optogram": "0.1"}}
    (folder / f"{name}.json").write_text(json.dumps({"lab": name, "findings": [FINDING], "provenance": made}))
    for picture in pictures:
        (folder / f"{name}-{picture}").write_bytes(picture.encode())


def test_the_list_holds_what_lies_there_and_nothing_else(tmp_path: Path) -> None:
    _save(tmp_path, "motifs_1d", 4, ("two_ends.png", "moving.gif", "notes.txt"))
    _save(tmp_path, "xor")
    (tmp_path / "broken.json").write_text('{"lab": "bro')
    (tmp_path / "other.json").write_text('{"lab": "xor", "findings": []}')
    one, two = listed(tmp_path, {"xor": "Exclusive or."}, {"xor": "optogram lab xor --quick --seed 0"})
    assert (one["name"], one["title"], one["command"]) == ("motifs_1d", "", "optogram lab motifs-1d --seed 4")
    assert (two["title"], two["command"], two["pictures"]) == ("Exclusive or.", "optogram lab xor --quick --seed 0", [])
    assert sorted(picture["file"] for picture in one["pictures"]) == ["motifs_1d-moving.gif", "motifs_1d-two_ends.png"]
    assert all(picture["alt"].endswith("findings.") and len(picture["mark"]) == 10 for picture in one["pictures"])
    assert one["findings"] == [{**FINDING, "control": None}]


def test_a_second_lab_keeps_the_first_ones_command_and_a_new_drawing_gets_a_new_mark(tmp_path: Path) -> None:
    _save(tmp_path, "xor", pictures=("a.png",))
    write_index(tmp_path, {}, {"xor": "optogram lab xor --quick --seed 0"})
    before = json.loads((tmp_path / "index.json").read_text())[0]
    (tmp_path / "xor-a.png").write_bytes(b"anew")
    _save(tmp_path, "noise")
    written = write_index(tmp_path, {}, {"noise": "optogram lab noise --seed 0"})
    noise, xor = json.loads(written.read_text())
    assert (noise["command"], xor["command"]) == ("optogram lab noise --seed 0", "optogram lab xor --quick --seed 0")
    assert xor["pictures"][0]["mark"] != before["pictures"][0]["mark"]
    assert not list(tmp_path.glob(".*"))


def test_the_command_names_what_is_not_at_its_default() -> None:
    def count_up(*, most: int = 3, steps: tuple[int, ...] = (1, 2), loud: bool = True, quick: bool = False, seed: int = 0) -> None:
        """Counts."""

    given = {
        "images": "my photos",
        "model": None,
        "most": 3,
        "steps": (4, 5),
        "loud": False,
        "out": Path("x"),
        "quick": True,
        "seed": 7,
        "json": True,
    }
    assert typed("count_up", count_up, given) == "optogram lab count-up --images 'my photos' --steps 4,5 --no-loud --quick --seed 7"


@pytest.mark.parametrize("folder", ["labs", "kept"])
def test_only_the_labs_folder_of_an_atlas_gets_a_list(tmp_path: Path, folder: str) -> None:
    assert not belongs_to_an_atlas(tmp_path / folder)
    (tmp_path / "manifest.json").write_text("{}")
    assert belongs_to_an_atlas(tmp_path / folder) == (folder == "labs")
