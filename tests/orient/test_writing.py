from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.orient.conftest import contents

from optogram.errors import SourceError
from optogram.orient.exif import orientation
from optogram.orient.writing import LOG, read_log, turn_files, undo_files

KILLED = """
import sys
from pathlib import Path
from optogram.orient.writing import turn_files
folder = Path(sys.argv[1])
names = sorted(path.name for path in folder.glob("*.jpg"))
print("go", flush=True)
for outcome in turn_files(folder, [(name, 1) for name in names]):
    pass
"""

AT_LINE = """
import os, signal, sys
from pathlib import Path
import optogram.orient.writing as writing
folder, doing, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def watch(frame, event, argument):
    global left
    if frame.f_code.co_filename != writing.__file__:
        return None
    if event == "line":
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return watch

names = sorted(path.name for path in folder.glob("*.jpg"))
sys.settrace(watch)
list(writing.turn_files(folder, [(name, 1) for name in names]) if doing == "turn" else writing.undo_files(folder))
"""
"""Kills itself before the given line that it executes of the file that writes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for index in range(6):
        Image.fromarray(random.integers(0, 255, (20, 30, 3)).astype(np.uint8)).save(tmp_path / f"{index}.jpg")
    (tmp_path / "notes.txt").write_text("no photograph")
    return tmp_path


def test_applied_and_taken_back_byte_by_byte(folder: Path) -> None:
    before = contents(folder)
    os.utime(folder / "1.jpg", (1_000_000, 1_000_000))
    (folder / "1.jpg").chmod(0o640)
    outcomes = list(turn_files(folder, [("0.jpg", 0), ("1.jpg", 1), ("2.jpg", 2), ("3.jpg", 3), ("notes.txt", 1), ("gone.jpg", 1)]))
    assert [outcome.reason[:9] for outcome in outcomes] == ["it says s", "", "", "", "not a JPE", "no such f"]
    assert [orientation((folder / f"{index}.jpg").read_bytes()) for index in range(4)] == [1, 6, 3, 8]
    assert (folder / "1.jpg").stat().st_mtime == 1_000_000
    assert (folder / "1.jpg").stat().st_mode & 0o777 == 0o640
    assert [outcome.reason for outcome in undo_files(folder)] == ["", "", ""]
    assert contents(folder) == before
    assert not (folder / LOG).exists()


def test_what_is_read_only_stays_and_is_told(folder: Path) -> None:
    before = contents(folder)
    (folder / "2.jpg").chmod(0o444)
    assert [outcome.reason for outcome in turn_files(folder, [("2.jpg", 1)])] == ["it is read-only"]
    assert contents(folder) == before


def test_twice_applied_is_twice_taken_back(folder: Path) -> None:
    before = contents(folder)
    list(turn_files(folder, [("1.jpg", 1)]))
    list(turn_files(folder, [("1.jpg", 1)]))
    assert orientation((folder / "1.jpg").read_bytes()) == 3
    assert len(list(undo_files(folder))) == 2
    assert contents(folder) == before


def test_what_others_changed_stays_and_is_told(folder: Path) -> None:
    list(turn_files(folder, [("1.jpg", 1), ("2.jpg", 1)]))
    other = (folder / "1.jpg").read_bytes() + b"edited"
    (folder / "1.jpg").write_bytes(other)
    told = {outcome.name: outcome.reason for outcome in undo_files(folder)}
    assert told == {"2.jpg": "", "1.jpg": "it was changed since by something else"}
    assert (folder / "1.jpg").read_bytes() == other
    assert [entry.name for entry in read_log(folder)] == ["1.jpg"]


def test_a_torn_last_line_is_passed_over_and_ended(folder: Path) -> None:
    before = contents(folder)
    list(turn_files(folder, [("1.jpg", 1)]))
    with (folder / LOG).open("ab") as log:
        log.write(b'{"name": "2.jp')
    assert [entry.name for entry in read_log(folder)] == ["1.jpg"]
    list(turn_files(folder, [("3.jpg", 1)]))
    assert [entry.name for entry in read_log(folder)] == ["1.jpg", "3.jpg"]
    list(undo_files(folder))
    assert contents(folder) == before


def test_an_entry_whose_change_never_came_is_no_harm(folder: Path) -> None:
    """A kill between log and rename leaves this behind: an entry, a stray partial file, and the photograph as it was."""
    before = contents(folder)
    list(turn_files(folder, [("1.jpg", 1), ("2.jpg", 1)]))
    (folder / "2.jpg").write_bytes(before["2.jpg"])
    (folder / ".2.jpg.partial").write_bytes(b"half")
    assert [outcome.name for outcome in undo_files(folder)] == ["1.jpg"]
    assert contents(folder) == before


def test_without_a_log_nothing_is_changed(folder: Path) -> None:
    before = contents(folder)
    (folder / LOG).mkdir()
    with pytest.raises(SourceError, match="nothing was changed"):
        list(turn_files(folder, [("1.jpg", 1)]))
    assert contents(folder) == before
    (folder / LOG).rmdir()
    with pytest.raises(SourceError, match="nothing to undo"):
        list(undo_files(folder))


@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05])
def test_killed_in_between_every_file_is_whole(tmp_path: Path, wait: float) -> None:
    data = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    for index in range(300):
        Image.fromarray(np.roll(data, index, 1)).save(tmp_path / f"{index:03d}.jpg")
    before = contents(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert {orientation(held) for name, held in contents(tmp_path).items() if not name.startswith(".")} <= {1, 6}
    if (tmp_path / LOG).exists() and read_log(tmp_path):
        list(undo_files(tmp_path))
    assert {name: held for name, held in contents(tmp_path).items() if not name.startswith(".")} == before


def lines(folder: Path, doing: str, left: int) -> bool:
    """Runs until so many lines are executed; whether it was killed there."""
    return subprocess.run([sys.executable, "-c", AT_LINE, str(folder), doing, str(left)], check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize("doing", ["turn", "undo"])
def test_killed_at_any_line_each_file_is_the_old_or_the_new_one(source: Path, tmp_path: Path, doing: str) -> None:
    """Two files, one of them with the tag already; every fifth line that is executed is once the last."""
    old = contents(source)
    turned = tmp_path / "turned"
    shutil.copytree(source, turned)
    list(turn_files(turned, [("a.jpg", 1), ("b.jpg", 1)]))
    new = contents(turned)
    assert new["a.jpg"] != old["a.jpg"]
    assert new["b.jpg"] != old["b.jpg"]
    places, partly = 0, set()
    for left in itertools.count(start=1, step=5):
        folder = tmp_path / f"killed-{left}"
        shutil.copytree(source if doing == "turn" else turned, folder)
        killed = lines(folder, doing, left)
        found = {name: held for name, held in contents(folder).items() if not name.startswith(".")}
        assert found.keys() == old.keys()
        assert all(found[name] in (old[name], new[name]) for name in old), left
        partly.add(tuple(found[name] == new[name] for name in sorted(old)))
        if (folder / LOG).exists() and read_log(folder):
            assert not any(outcome.reason for outcome in undo_files(folder))
        assert contents(folder) == old or (doing == "turn" and not (folder / LOG).exists()), left
        assert {name: held for name, held in contents(folder).items() if not name.startswith(".")} == old
        places += 1
        if not killed:
            break
    assert places > 8
    assert partly >= {(False, False), (True, False), (True, True)} if doing == "turn" else partly >= {(True, True), (False, False)}
