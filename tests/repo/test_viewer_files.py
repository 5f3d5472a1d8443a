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
    files = [file for file in (repository / "src/optogram/viewer").rglob("*") if file.suffix in {".html", ".js", ".css"}]
    assert len(files) == 3
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= FIRST_LOAD


def test_the_page_names_no_file_but_its_own_neighbours(repository: Path) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', (repository / "src/optogram/viewer/index.html").read_text())
    assert {name for name in named if not name.startswith("data:")} == {"./assets/viewer.js", "./assets/viewer.css"}
