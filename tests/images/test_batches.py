from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from optogram.errors import SettingError
from optogram.images.batches import Prepared, ahead, gather
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess

ARRAY = np.random.default_rng(0).integers(0, 256, (37, 12, 16, 3), dtype=np.uint8)


def prepared(index: int, side: int = 3) -> Prepared:
    return Prepared(index, np.full((side, side, 3), index % 256, np.uint8), (side, side))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("optogram-images")]


@given(st.lists(st.integers(0, 300)), st.integers(0, 4), st.integers(1, 9))
def test_the_order_is_the_readers_whatever_the_threads_do(indices: list[int], workers: int, depth: int) -> None:
    def prepare(index: int) -> Prepared | None:
        time.sleep((index * 7919 % 5) / 5000)
        return None if index % 10 == 3 else prepared(index)

    assert [found.index for found in ahead(prepare, indices, workers, depth)] == [index for index in indices if index % 10 != 3]
    assert threads() == []


@given(st.lists(st.integers(1, 3), max_size=30), st.integers(1, 5))
def test_batches_hold_neighbours_of_one_size_and_lose_none(sides: list[int], batch_size: int) -> None:
    batches = list(gather((prepared(index, side) for index, side in enumerate(sides)), batch_size))
    assert [index for batch in batches for index in batch.indices] == list(range(len(sides)))
    assert all(len(batch.indices) <= batch_size and len(set(batch.sizes)) == 1 for batch in batches)
    assert all(batch.images.shape[2:] == batch.sizes[0] for batch in batches)
    for first, second in pairwise(batches):  # a batch ends only where it is full or the size changes
        assert len(first.indices) == batch_size or first.sizes[0] != second.sizes[0]


def test_pixels_are_those_of_the_photographs_and_lie_channels_last() -> None:
    photos = open_images(ARRAY)
    for batch in photos.batches(Preprocess(), batch_size=10):
        assert batch.images.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(batch.images, torch.from_numpy(ARRAY[batch.indices]).permute(0, 3, 1, 2))
        assert batch.sizes == [(12, 16)] * len(batch.indices)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_any_batch_size_and_number_of_threads_gives_the_same(workers: int) -> None:
    photos = open_images(ARRAY)
    preprocess = Preprocess(size=8)
    whole = next(photos.batches(preprocess, batch_size=64, workers=0)).images
    parts = [batch.images for batch in photos.batches(preprocess, batch_size=5, workers=workers)]
    assert torch.equal(torch.cat(parts), whole)
    chosen = next(photos.batches(preprocess, indices=[30, 2, 2], workers=workers))
    assert chosen.indices == [30, 2, 2]
    assert torch.equal(chosen.images, whole[[30, 2, 2]])


def test_no_more_is_decoded_ahead_than_was_said() -> None:
    begun: list[int] = []

    def prepare(index: int) -> Prepared:
        begun.append(index)
        return prepared(index)

    stream = ahead(prepare, range(1000), workers=2, depth=8)
    next(stream)
    time.sleep(0.05)
    assert len(begun) <= 8
    stream.close()


def test_threads_end_when_the_reader_stops_or_fails() -> None:
    photos = open_images(ARRAY)
    stream = photos.batches(Preprocess(size=8), batch_size=2)
    next(stream)
    assert threads() != []
    stream.close()  # type: ignore[attr-defined]
    assert threads() == []
    with pytest.raises(RuntimeError, match="on purpose"):
        for _ in photos.batches(Preprocess(size=8), batch_size=2):
            raise RuntimeError("on purpose")
    assert threads() == []


def test_a_fault_of_ours_is_raised_and_not_called_a_bad_photograph() -> None:
    def prepare(index: int) -> Prepared:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ahead(prepare, range(5), 2, 4))
    assert threads() == []


SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs something in the background has it ignored
import numpy as np
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
photos = open_images(np.zeros((200000, 64, 64, 3), np.uint8))
for number, batch in enumerate(photos.batches(Preprocess(size=32), workers=2)):
    if number == 3:
        print("reading", flush=True)
print("read to the end")
"""


def test_an_interrupt_ends_the_process_at_once(repository: Path) -> None:
    environment = {"PYTHONPATH": str(repository / "src"), "OMP_NUM_THREADS": "1", "PATH": ""}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "reading\n"
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT
    assert out == ""  # it did not read on
    assert "KeyboardInterrupt" in error


def test_a_batch_holds_something() -> None:
    with pytest.raises(SettingError, match="at least 1 photograph"):
        next(open_images(ARRAY).batches(Preprocess(), batch_size=0))
