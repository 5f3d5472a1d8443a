from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from optogram.exemplars.key import EMPTY, pack, unpack

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
pairs = st.lists(st.tuples(finite, st.integers(0, 2**32 - 2)), min_size=1, max_size=30)


@given(pairs)
def test_value_and_number_come_back(entries: list[tuple[float, int]]) -> None:
    values, numbers = (torch.tensor(part, dtype=kind) for part, kind in zip(zip(*entries), (torch.float32, torch.int64)))
    found, which = unpack(pack(values, numbers))
    assert torch.equal(found, values)  # torch holds -0 equal to 0
    assert torch.equal(which, numbers)


@given(pairs)
def test_keys_sort_like_values_then_lower_numbers(entries: list[tuple[float, int]]) -> None:
    entries = list({(value + 0.0, number) for value, number in entries})
    values, numbers = (torch.tensor(part, dtype=kind) for part, kind in zip(zip(*entries), (torch.float32, torch.int64)))
    order = pack(values, numbers).argsort(descending=True).tolist()
    assert [entries[index] for index in order] == sorted(entries, key=lambda entry: (-entry[0], entry[1]))


def test_minus_zero_ties_with_zero() -> None:
    zeros = torch.tensor([-0.0, 0.0])
    assert pack(zeros, torch.tensor([1, 1])).unique().numel() == 1


def test_empty_is_less_than_anything_and_reads_as_nothing() -> None:
    lowest = pack(torch.tensor([torch.finfo(torch.float32).min]), torch.tensor([2**32 - 2]))
    assert int(lowest) > EMPTY
    value, number = unpack(torch.tensor([EMPTY]))
    assert np.isnan(float(value))
    assert int(number) == -1
