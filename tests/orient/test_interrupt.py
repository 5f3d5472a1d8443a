"""Ctrl-C while files are written or taken back: each file is the old or the new one, and what was begun can be taken back or ended."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.orient.conftest import contents

from optogram.orient import writing
from optogram.orient.exif import orientation
from optogram.orient.writing import LOG, read_log, turn_files, undo_files

# An interrupt between a file's opening and what would close it leaves that to Python, which says so.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
TURNS = [("a.jpg", 1), ("b.jpg", 1), ("a.jpg", 2)]

COMMAND = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs something in the background has it ignored
from optogram.cli import orient
from optogram.cli._app import run
from optogram.orient.answers import Answer
folder = Path(sys.argv[1])
answers = [Answer(path.name, 1, 0.99, (0.0,) * 4) for path in sorted(folder.glob("*.jpg"))]
orient._answers = lambda *_: (None, None, None, answers)
sys.exit(run(["orient", sys.argv[2], str(folder)]))
"""


@contextmanager
def interrupted_after(lines: int) -> Iterator[None]:
    """Ctrl-C arrives when so many lines of the file that writes were run."""
    left = itertools.count(lines, -1)

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != writing.__file__:
            return None
        if event == "line" and next(left) == 0:
            raise KeyboardInterrupt
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing.os, "fsync", lambda _: None)


def everywhere(source: Path, tmp_path: Path, act: Callable[[Path], Any]) -> Iterator[Path]:
    """A copy of the folder for each line at which the act is interrupted, then one in which it came to its end."""
    for left in itertools.count(1):
        folder = tmp_path / f"stopped-{left}"
        shutil.copytree(source, folder)
        try:
            with interrupted_after(left):
                act(folder)
        except KeyboardInterrupt:
            yield folder
            continue
        yield folder
        return


def states(source: Path, tmp_path: Path) -> dict[str, set[bytes]]:
    """What each file may be: as before, or after any of its turns."""
    folder = tmp_path / "turned"
    shutil.copytree(source, folder)
    held = {name: {data} for name, data in contents(folder).items()}
    for turn in TURNS:
        list(turn_files(folder, [turn]))
        held[turn[0]].add((folder / turn[0]).read_bytes())
    return held


def test_stopped_at_any_line_of_turning_all_can_be_taken_back(source: Path, tmp_path: Path) -> None:
    old, allowed, counted = contents(source), states(source, tmp_path), set()
    for folder in everywhere(source, tmp_path, lambda folder: list(turn_files(folder, TURNS))):
        found = contents(folder)
        assert found.keys() == old.keys(), "nothing half written is left"
        assert all(found[name] in allowed[name] for name in old)
        changed = sum(found[name] != old[name] for name in old)
        counted.add((changed, len(read_log(folder))))
        assert len({entry.name for entry in read_log(folder)}) >= changed
        if read_log(folder):
            assert not any(outcome.reason for outcome in undo_files(folder))
        assert contents(folder) == old
    assert counted >= {(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)}


def test_stopped_at_any_line_of_turning_it_can_be_gone_on_with(source: Path, tmp_path: Path) -> None:
    """The same command again turns what is not turned yet, and its log and the first one's take all back."""
    old = contents(source)
    for folder in everywhere(source, tmp_path, lambda folder: list(turn_files(folder, TURNS[:2]))):
        rest = [turn for turn in TURNS[:2] if (folder / turn[0]).read_bytes() == old[turn[0]]]
        assert not any(outcome.reason for outcome in turn_files(folder, rest))
        assert {name: orientation(data) for name, data in contents(folder).items()} == {"a.jpg": 6, "b.jpg": 3}
        assert not any(outcome.reason for outcome in undo_files(folder))
        assert contents(folder) == old


def test_stopped_at_any_line_of_taking_back_it_is_ended_by_doing_so_again(source: Path, tmp_path: Path) -> None:
    old, allowed = contents(source), states(source, tmp_path)
    for folder in everywhere(tmp_path / "turned", tmp_path, lambda folder: list(undo_files(folder))):
        found = contents(folder)
        assert all(found[name] in allowed[name] for name in old)
        if (folder / LOG).exists():
            assert not any(outcome.reason for outcome in undo_files(folder))
        assert contents(folder) == old
        assert not (folder / LOG).exists()


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_the_command_stopped_in_the_middle(tmp_path: Path, command: str) -> None:
    """The program itself, stopped once it has said what became of the first files."""
    count = 400
    pixels = np.random.default_rng(0).integers(0, 255, (24, 36, 3)).astype(np.uint8)
    for index in range(count):
        Image.fromarray(pixels).save(tmp_path / f"{index:03d}.jpg")
    old = contents(tmp_path)
    if command == "undo":
        list(turn_files(tmp_path, [(name, 1) for name in sorted(old)]))
    process = subprocess.Popen([sys.executable, "-c", COMMAND, str(tmp_path), command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if command == "apply":
        said = [process.stdout.readline() for _ in range(3)]
        assert all(line.endswith(": turned upright\n") for line in said)
    else:
        while len(list(tmp_path.glob("*.jpg"))) == count and (tmp_path / "399.jpg").read_bytes() != old["399.jpg"] and process.poll() is None:
            pass
    process.send_signal(signal.SIGINT)
    err = process.communicate()[1]
    assert process.returncode == 130, err
    assert "Traceback" not in err
    changed = sum(held != old[name] for name, held in contents(tmp_path).items())
    assert 0 < changed < count
    assert not any(outcome.reason for outcome in undo_files(tmp_path))
    assert contents(tmp_path) == old
