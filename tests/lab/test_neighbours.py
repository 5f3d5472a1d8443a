from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from optogram.lab._collection import digits, faces, smoothness
from optogram.lab.neighbours import chosen
from optogram.lab.vectors import unit_length

Quick = Callable[[str], Any]


def test_as_scikit_learn() -> None:
    found = digits(0).reduced(30)
    known, classes = found.part(held_out=False)
    held, _ = found.part(held_out=True)
    for row, metric in enumerate(("euclidean", "cosine")):
        library = KNeighborsClassifier(1, metric=metric, algorithm="brute").fit(known, classes).predict(held)
        np.testing.assert_array_equal(classes[chosen(held, known)[row]], library)


def test_measures_by_hand() -> None:
    known = np.array([[1.0, 0.0], [10.0, 10.0], [0.0, 2.0]])
    assert chosen(np.array([[2.0, 0.1]]), known)[:, 0].tolist() == [0, 0, 1]


def test_equal_norms_make_all_three_agree() -> None:
    random = np.random.default_rng(0)
    held, known = random.standard_normal((50, 8)), random.standard_normal((70, 8))
    assert (chosen(held, known)[0] != chosen(held, known)[2]).any()
    equal = chosen(unit_length(held), unit_length(known))
    assert (equal == equal[0]).all()
    assert (equal[1] == chosen(held, known)[1]).all()


def test_halves_are_equal_and_apart() -> None:
    found = faces(0)
    assert found.held_out.sum() == 100
    assert [found.classes[found.held_out].tolist().count(number) for number in (0, 1)] == [50, 50]
    assert (found.held_out != faces(1).held_out).any()


def test_smoothness_of_noise_and_of_a_ramp() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 900))
    ramp = np.add.outer(np.arange(30.0), np.arange(30.0)).reshape(1, -1)
    assert abs(smoothness(noise, 30)[0]) < 0.1
    assert smoothness(ramp, 30)[0] > 0.99


class TestQuick:
    def test_what_agrees(self, quick: Quick) -> None:
        found = quick("neighbours").result
        assert found["equal_norms"] == 1
        assert found["distance_and_dot"] < 0.5
        assert found.finding("distance_and_dot").control == found["equal_norms"]
        assert found["popular"] > 2 * found.finding("popular").control

    def test_better_than_chance(self, quick: Quick) -> None:
        found = quick("neighbours").result
        for name in ("distance", "cosine", "dot_product"):
            entry = found.finding(f"accuracy_{name}")
            assert entry.low > 5 * entry.chance
        assert found["accuracy_distance"] > found["accuracy_dot_product"]
