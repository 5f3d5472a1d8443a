from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from optogram.exemplars.lists import Lists

FOLDS, UNITS, K = 2, 3, 4


@st.composite
def photographs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int], list[int]]:
    """Values from few numbers (many ties), places, numbers in any order, folds."""
    count = draw(st.integers(1, 25))
    generator = np.random.default_rng(draw(st.integers(0, 2**20)))
    values = generator.choice(np.array([-1.5, -0.0, 0.0, 2.0, 3.25], np.float32), (count, UNITS))
    numbers = generator.permutation(100)[:count].tolist()
    return values, generator.integers(0, 9, (count, UNITS)), numbers, generator.integers(0, FOLDS, count).tolist()


def lists_of(values: np.ndarray, places: np.ndarray, numbers: list[int], folds: list[int], sizes: list[int]) -> Lists:
    found, first = Lists.empty(FOLDS, UNITS, K), 0
    for size in sizes:
        part = slice(first, first + size)
        found = found.added(
            torch.from_numpy(values[part]), torch.from_numpy(places[part]), torch.tensor(numbers[part], dtype=torch.int64), folds[part]
        )
        first += size
    return found


def same(one: Lists, other: Lists) -> bool:
    kept = one.entries()[1] >= 0
    return torch.equal(one.keys, other.keys) and torch.equal(one.places[kept], other.places[kept])


@given(photographs(), st.integers(1, 25), st.integers(0, 2**20))
def test_any_batch_size_and_any_order_give_the_same_lists(found: tuple, size: int, seed: int) -> None:
    values, places, numbers, folds = found
    count = len(numbers)
    order = np.random.default_rng(seed).permutation(count)
    shuffled = values[order], places[order], [numbers[row] for row in order], [folds[row] for row in order]
    assert same(lists_of(*found, [count]), lists_of(*shuffled, [size] * -(-count // size)))


@given(photographs(), st.integers(0, 25), st.integers(0, 25))
def test_merging_is_associative_and_commutative(found: tuple, one: int, two: int) -> None:
    cuts = sorted((min(one, len(found[2])), min(two, len(found[2]))))
    parts = [lists_of(*(part[first:last] for part in found), [last - first]) for first, last in zip([0, *cuts], [*cuts, len(found[2])], strict=True)]
    a, b, c = parts
    whole = lists_of(*found, [len(found[2])])
    for merged in (a.merged(b).merged(c), a.merged(b.merged(c)), c.merged(a).merged(b)):
        assert same(merged, whole)


@given(photographs())
def test_equals_sorting_everything(found: tuple) -> None:
    values, places, numbers, folds = found
    lists = lists_of(*found, [1] * len(numbers))
    for name, kept, wanted in (("folds", lists, [0, 1]), ("all", lists.over_folds(), [None])):
        entries = [part.numpy() for part in kept.entries()]
        for row, fold in enumerate(wanted):
            for unit in range(UNITS):
                rows = [index for index in range(len(numbers)) if fold is None or folds[index] == fold]
                rows.sort(key=lambda index: (-values[index, unit], numbers[index]))
                expected = [(values[index, unit] + 0.0, numbers[index], places[index, unit]) for index in rows[:K]]
                got = [tuple(part[row, unit, rank] for part in entries) for rank in range(len(expected))]
                assert got == expected, name
                assert (entries[1][row, unit, len(expected) :] == -1).all()


def test_limits_admit_anything_while_there_is_room_and_ties_only_before_the_last() -> None:
    lists = Lists.empty(1, 1, 2)
    assert float(lists.limits(0)) <= torch.finfo(torch.float32).min
    lists = lists.added(torch.tensor([[3.0], [5.0]]), torch.zeros(2, 1, dtype=torch.int64), torch.tensor([8, 9]), [0, 0])
    assert float(lists.limits(7)) == 3.0
    assert float(lists.limits(9)) > 3.0
