from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, kstest

from optogram.errors import SettingError
from optogram.images.folds import fold, panel, rank


class Names:
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def identity(self, index: int) -> str:
        return self.names[index]


NAMES = [f"n{number:08d}/IMG_{number:05d}.jpg" for number in range(4000)]


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_each_fold_holds_its_share(folds: int) -> None:
    found = np.array([fold(name, folds) for name in NAMES])
    assert set(found) == set(range(folds))
    for index in range(folds):
        assert binomtest(int((found == index).sum()), len(NAMES), 1 / folds).pvalue > 1e-4


def test_folds_and_ranks_are_those_of_a_plain_hash_for_ever() -> None:
    salt = bytes(16)
    assert fold("china.jpg") == int.from_bytes(blake2b(b"china.jpg", digest_size=8, salt=salt, person=b"optogram fold").digest(), "little") % 2
    assert rank("china.jpg") == int.from_bytes(blake2b(b"china.jpg", digest_size=8, salt=salt, person=b"optogram rank").digest(), "little")
    assert [fold(name) for name in ("china.jpg", "flower.jpg", "a/b.jpg", "0", "1", "2")] == [0, 1, 1, 1, 1, 1]  # a change would break every atlas


def test_ranks_are_uniform_and_tell_nothing_of_the_fold() -> None:
    ranks = np.array([rank(name) for name in NAMES]) / 2**64
    assert kstest(ranks, "uniform").pvalue > 1e-4
    folds = np.array([fold(name) for name in NAMES])
    assert abs(np.corrcoef(ranks, folds)[0, 1]) < 4 / np.sqrt(len(NAMES))
    assert abs(np.corrcoef(ranks, [rank(name, seed=1) for name in NAMES])[0, 1]) < 4 / np.sqrt(len(NAMES))


def test_every_photograph_is_as_likely_to_be_in_the_panel() -> None:
    names = NAMES[:20]
    seen = np.zeros(20)
    for seed in range(600):
        seen[panel(Names(names), 5, seed)] += 1
    assert seen.sum() == 3000
    assert (np.abs(seen - 150) < 4.5 * np.sqrt(600 * 0.25 * 0.75)).all()


@given(st.sets(st.text(min_size=1, max_size=6), min_size=1, max_size=40), st.integers(0, 20), st.integers(-5, 5), st.randoms())
def test_the_panel_knows_no_order_and_only_loses_members_to_newcomers(names: set[str], size: int, seed: int, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = sorted(names)
    random.shuffle(shuffled)
    chosen = {shuffled[index] for index in panel(Names(shuffled), size, seed)}
    assert chosen == {sorted(names)[index] for index in panel(Names(sorted(names)), size, seed)}
    assert len(chosen) == min(size, len(names))
    fewer = sorted(names)[::2]
    before = {fewer[index] for index in panel(Names(fewer), size, seed)}
    assert chosen & set(fewer) <= before
    assert panel(Names(shuffled), size, seed) == sorted(panel(Names(shuffled), size, seed))


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="at least 1"):
        fold("x", 0)
    with pytest.raises(SettingError, match="at least 0"):
        panel(Names(["x"]), -1)
