from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from optogram.lab._collection import digits
from optogram.lab._stack import Stack, right, trained
from optogram.lab.templates import EACH, _likeness, best_of

Quick = Callable[[str], Any]


def test_as_scikit_learn() -> None:
    found = digits(0).reduced(40)
    (x, y), (new, truth) = found.tensors(held_out=False), found.tensors(held_out=True)
    decay = 1e-2
    start = Stack((torch.zeros(1, 10, 64),), (torch.zeros(1, 10),))
    own = trained(start, x, y, steps=3000, rate=0.02, decay=decay)  # until both stand at the one optimum of a convex cost
    # scikit-learn minimises the summed cost plus |w|^2 / (2 C); ours is the mean plus decay |w|^2
    library = LogisticRegression(C=1 / (2 * decay * len(x)), max_iter=20_000, tol=1e-10).fit(x.double().numpy(), y.numpy())
    weights = own.weights[0][0].numpy()
    np.testing.assert_allclose(weights, library.coef_, rtol=0, atol=1e-4 * np.abs(library.coef_).max())
    assert float(right(own, new, truth)[0]) == pytest.approx(library.score(new.numpy(), truth.numpy()), abs=1e-6)


def test_the_best_of_several_templates() -> None:
    weights = torch.zeros(1, 2 * EACH, 3)
    weights[0, EACH - 1] = torch.tensor([1.0, 0, 0])
    stack = Stack((weights,), (torch.zeros(1, 2 * EACH),))
    assert best_of(stack, torch.tensor([[2.0, 5, 5]]), 2).tolist() == [[2.0, 0.0]]


def test_a_template_s_likeness_is_its_correlation_with_the_picture_most_like_it() -> None:
    pictures = np.random.default_rng(0).normal(size=(20, 30))
    templates = np.stack([3 * pictures[4] + 1, pictures[7] + 0.5 * pictures[9]])
    each = np.corrcoef(templates, pictures)[:2, 2:]
    assert each.max(axis=1)[0] == pytest.approx(1)
    assert _likeness(templates, pictures) == pytest.approx(each.max(axis=1).mean(), abs=1e-6)


class TestQuick:
    def test_judged_on_new_pictures(self, quick: Quick) -> None:
        found = quick("templates").result
        for name in ("templates", "several", "nearest"):
            entry = found.finding(name)
            assert entry.low > 3 * entry.control
        assert found["nearest"] > found["templates"]

    def test_what_is_drawn_under_a_name_is_that_class_s_template(self, quick: Quick) -> None:
        """Pixel by pixel in the picture's order: of all templates a class's mean picture fits its own best."""
        found, shown = quick("templates").result, digits(0)
        centred = np.stack([shown.pictures[shown.classes == number].mean(axis=0) for number in range(10)]) - shown.pictures.mean(axis=0)
        assert found.names == shown.names
        for row in found.templates[1:]:
            assert np.einsum("arc,brc->ab", centred, row).argmax(axis=1).tolist() == list(range(10))
        several = np.einsum("arc,brc->ab", centred, found.several).reshape(10, 10, EACH).max(axis=2)
        assert several.argmax(axis=1).tolist() == list(range(10))

    def test_without_decay_it_overfits(self, quick: Quick) -> None:
        found = quick("templates").result
        assert found.known[0] == 1
        assert found["gap_without_decay"] > found.finding("gap_without_decay").control
        assert (np.diff(found.smooth) > -0.02).all()
        assert found["smoothness"] > found.finding("smoothness").control + 0.03
