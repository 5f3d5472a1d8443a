from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from optogram.errors import SettingError
from optogram.lab._layers import KERNEL, Cells, Convolutional, Shape, c_cells, competed, contrast, grown, s_cells
from optogram.lab.neocognitron import CHOSEN, NAMES, THETAS, NeocognitronResult, _growers, chosen_theta, moved, neocognitron, on_canvas


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> NeocognitronResult:
    found: NeocognitronResult = quick("neocognitron").result
    return found


def test_digits_are_named_by_features_without_labels(found: NeocognitronResult) -> None:
    assert found["neocognitron"] > 0.8
    assert found["neocognitron"] > found["random"]
    assert found.finding("neocognitron").control == pytest.approx(0.1, abs=0.06), "readouts of shuffled labels, on average"
    assert found.provenance.settings["theta"] == CHOSEN


def test_theta_is_chosen_for_each_network_on_digits_to_learn_from_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What chooses is handed the digits to learn from, all of them and no other, once for each network of S and C cells, and each gets its own."""
    from optogram.lab import neocognitron as lab

    asked: list[torch.Tensor] = []
    grew: list[tuple[float, float]] = []
    answers = iter(THETAS)
    monkeypatch.setattr(lab, "grown", lambda pictures, shape, thetas, **rest: (grew.append(thetas), grown(pictures, shape, thetas, **rest))[1])
    monkeypatch.setattr(lab, "chosen_theta", lambda grow, known, *rest: (asked.append(known), next(answers))[1])
    digits = lab.collection(None, "digits", 12, 0).reduced(30)
    monkeypatch.setattr(lab, "collection", lambda *given: digits)
    told = neocognitron(planes=(4, 10), steps=1, progress=False)
    new = on_canvas(digits.pictures[digits.held_out])
    assert len(asked) == 3
    assert all(torch.equal(known, on_canvas(digits.pictures[~digits.held_out])) for known in asked)
    assert not any(torch.equal(one, other) for one in asked[0] for other in new)
    assert told.provenance.settings["theta"] == dict(zip(("neocognitron", "random", "unpooled"), THETAS, strict=True))
    assert told["theta"] == THETAS[0]
    assert grew == [(theta, theta) for theta in THETAS]


@pytest.mark.parametrize("seeing", THETAS)
def test_the_theta_is_chosen_that_names_most(seeing: float) -> None:
    """Cells of all thetas but one are blind."""
    from optogram.lab import neocognitron as lab

    digits = lab.collection(None, "digits", 12, 0).reduced(10)
    known, labels = on_canvas(digits.pictures), torch.from_numpy(digits.classes)

    def grow(pictures: torch.Tensor, theta: float) -> Any:
        return SimpleNamespace(top=lambda shown: shown.flatten(1) if theta == seeing else torch.zeros(len(shown), 3))

    assert chosen_theta(grow, known, labels, 10, 0) == seeing


def test_random_features_have_seen_no_picture_and_learned_ones_have() -> None:
    """The control: whatever it is shown, its features are the same."""
    grow = _growers(Shape(planes=(4, 6)), 0, 500)
    once, again = torch.rand(2, 6, 28, 28)
    for name, same in (("random", True), ("neocognitron", False), ("unpooled", False)):
        one, other = (grow[name](shown, 0.5).features for shown in (once, again))
        assert [torch.equal(*pair) for pair in zip(one, other, strict=True)] == [same, same], name


def test_windows_make_position_matter_less(found: NeocognitronResult) -> None:
    """Moved by a third of a digit: with C layers more are named rightly than without, and than by the pixels; so it is step by step within."""
    rates = dict(zip(NAMES, found.rates[:, -1].tolist(), strict=True))
    assert rates["neocognitron"] > rates["unpooled"] + 0.2
    assert rates["neocognitron"] > rates["pixels"] + 0.2
    assert found.likeness[0] < found.likeness[1] < found.likeness[3]
    assert found["forgiven"] > 0.7


def test_s_cells_answer_to_their_own_feature_alone() -> None:
    """By hand at one place: length times (cosine less theta) over 1 - theta, and nothing under theta."""
    below = torch.rand(1, 2, KERNEL, KERNEL)
    patch = below[0] / below[0].norm()
    other = torch.zeros_like(patch)
    other[0, 0, 0] = 1.0
    answers = s_cells(below, torch.stack([patch, other]), 0.6)[0, :, KERNEL // 2, KERNEL // 2]
    cosine = float((patch * other).sum())
    expected = [float(below.norm()), float(below.norm()) * max(0.0, cosine - 0.6) / 0.4]
    np.testing.assert_allclose(answers.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_c_cells_take_the_strongest_saturate_and_thin() -> None:
    planes = torch.zeros(1, 1, 12, 12)
    planes[0, 0, 6, 6] = 3.0
    held, thinned = c_cells(planes, 5, 2, 1.0)[0, 0], c_cells(planes, 1, 2, 1.0)[0, 0]
    assert thinned.shape == held.shape == (6, 6)
    assert float(thinned[3, 3]) == pytest.approx(0.75)
    assert int((thinned > 0).sum()) == 1
    assert int((held > 0).sum()) == 9
    np.testing.assert_allclose(held[held > 0].numpy(), 0.75, rtol=1e-6)  # each of the windows that hold it has the whole of it
    assert float(c_cells(1e6 * planes, 5, 1, 1.0).max()) < 1


def test_competition_ends_where_each_feature_is_the_mean_of_what_it_wins() -> None:
    """Written again without tensors of sums: and what is won is more alike to its winner than to patches drawn at random."""
    random = torch.Generator().manual_seed(0)
    below = torch.rand(40, 1, 15, 15, generator=random)
    features = competed(below, 12, random).flatten(1)
    patches = torch.nn.functional.unfold(below, KERNEL, padding=KERNEL // 2).transpose(1, 2).reshape(-1, KERNEL**2)
    lengths = patches.norm(dim=1)
    known = patches[lengths > 0.3 * lengths.max()] / lengths[lengths > 0.3 * lengths.max(), None]
    winner = (known @ features.T).argmax(dim=1)
    for number in range(12):
        mean = known[winner == number].mean(dim=0)
        assert float(torch.cosine_similarity(mean, features[number], dim=0)) > 0.99
    drawn = known[torch.randperm(len(known), generator=random)[:12]]
    assert float((known @ features.T).max(dim=1).values.mean()) > float((known @ drawn.T).max(dim=1).values.mean()) + 0.02


def test_the_trained_network_has_the_same_shape() -> None:
    shape, pictures = Shape(), torch.rand(2, 28, 28)
    cells = grown(pictures, shape, (0.5, 0.5), learned=False, seed=0)
    assert isinstance(cells, Cells)
    assert cells.top(pictures).shape == Convolutional(shape, 10, 28).cells(pictures).shape
    assert [tuple(one.shape[1:]) for one in cells.layers(pictures)] == [(12, 28, 28), (12, 14, 14), (80, 14, 14), (80, 1, 1)]


def test_contrast_has_on_and_off_cells() -> None:
    edge = torch.zeros(1, 24, 24)
    edge[:, :, 12:] = 1
    on, off = contrast(edge)[0]
    assert float(on[12, 12]) > 0.2
    assert float(off[12, 11]) > 0.2
    assert float(on[12, 5]) == pytest.approx(0, abs=1e-6)


def test_nothing_of_a_moved_digit_is_lost() -> None:
    pictures = on_canvas(np.random.default_rng(0).random((3, 8, 8)))
    for way in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        there = moved(pictures, 4, way)
        assert float(there.sum()) == pytest.approx(float(pictures.sum()), rel=1e-5)
        assert torch.equal(moved(there, 4, (-way[0], -way[1])), pictures)


@pytest.mark.parametrize("given", [{"planes": (3,)}, {"theta": 1.0}])
def test_settings_that_say_nothing_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        neocognitron(**given, progress=False)


def test_pictures_are_drawn(found: NeocognitronResult) -> None:
    assert set(found.pictures()) == {"tolerance", "features", "layers"}
