"""The viewer that is committed: its types are the schema's, and it is small enough to load at once."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

FIRST_LOAD = 130_000


def test_the_viewers_types_are_made_from_the_schema(repository: Path) -> None:
    made = subprocess.run([sys.executable, "scripts/viewer_types.py", "--check"], cwd=repository, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def test_the_first_load_is_small(repository: Path) -> None:
    viewer = repository / "src/optogram/viewer"
    files = [viewer / "index.html", viewer / "assets/viewer.css", *_loaded(viewer / "assets/viewer.js")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= FIRST_LOAD


def _loaded(script: Path) -> set[Path]:
    """A script and those that it cannot begin without."""
    named = re.findall(r"""(?:from|import)\s*["']\./([^"']+)["']""", script.read_text())
    return {script}.union(*(_loaded(script.with_name(name)) for name in named))


def test_what_few_readers_open_is_fetched_when_they_do(repository: Path) -> None:
    """Labs, quiz and hypotheses are scripts of their own, which the first one names; what exported pages hold names none."""
    viewer = repository / "src/optogram/viewer"
    later = {path.name for path in (viewer / "assets").glob("*.js")} - {"viewer.js"}
    assert {"LabsPage.js", "QuizPage.js", "HypothesisPage.js"} <= later
    first = (viewer / "assets/viewer.js").read_text()
    assert all(f"./{name}" in first or any(f"./{name}" in (viewer / "assets" / other).read_text() for other in later) for name in later)
    assert not re.findall(r"""(?:import|from)\s*\(?["']\./""", (viewer / "single/viewer.js").read_text())


def test_the_page_names_no_file_but_its_own_neighbours(repository: Path) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', (repository / "src/optogram/viewer/index.html").read_text())
    assert {name for name in named if not name.startswith("data:")} == {"./assets/viewer.js", "./assets/viewer.css"}


def test_every_scene_is_played_by_a_test_that_there_is(repository: Path) -> None:
    """The table of scenes in the viewer's design names files and beginnings of tests."""
    design = (repository / "docs/viewer_design.md").read_text()
    rows = design.partition("| scene | test")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(rows) == 12
    there = {path.stem: path.read_text() for path in (repository / "tests/browser").glob("test_*.py")}
    for row in rows:
        named = [word.removesuffix("...") for word in re.findall(r"`([a-z_.0-9]+)`", row.split("|")[2])]
        files = [word for word in named if word in there]
        assert files, row
        for name in set(named) - set(files):
            assert any(f"def test_{name}" in there[file] for file in files), name
