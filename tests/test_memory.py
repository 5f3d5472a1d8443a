"""Memory that is kept: fewer pages are mapped, and without it batches stay small."""

from __future__ import annotations

import subprocess
import sys

import pytest

from optogram import memory

COUNT = """
import contextlib, resource, sys
from optogram import memory
if sys.argv[1] == "hold" and not memory.hold():
    print("cannot"); sys.exit()
import torch
torch.set_num_threads(1)
big = lambda: torch.empty(16 << 20).fill_(1.0)  # 64 MB
big()
within = memory.kept() if sys.argv[1] == "kept" else contextlib.nullcontext()
with within:
    for _ in range(12):  # the pieces that glibc cuts off aligned blocks lie about at first
        big()
    if sys.argv[1] == "after":
        with memory.kept(), memory.kept():
            big()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        big()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> str:
    done = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts glibc's page faults")
def test_what_is_freed_is_used_again() -> None:
    held = faults("hold")
    if held == "cannot":
        pytest.skip("this C library has no mallopt")
    plain = int(faults("plain"))
    assert int(held) < plain / 5
    assert int(faults("kept")) < plain / 5
    assert int(faults("after")) > plain / 2


@pytest.mark.parametrize(("bytes_a_row", "rows", "few"), [(1 << 20, 24, 32), (6 << 20, 4, 6), (100 << 20, 1, 1), (1, 32, 32)])
def test_without_it_the_largest_tensor_of_a_batch_stays_below_what_the_library_keeps(
    bytes_a_row: int, rows: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_held", [])
    assert memory.rows_that_stay(bytes_a_row, 32) == rows
    with memory.kept():
        assert memory.rows_that_stay(bytes_a_row, 32) == 32
        assert memory.few_rows(bytes_a_row, 32) == few
    assert memory.rows_that_stay(bytes_a_row, 32) == rows
    monkeypatch.setattr(memory, "_held", [True])
    assert memory.rows_that_stay(bytes_a_row, 32) == 32
