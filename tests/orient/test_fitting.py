from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from optogram.orient.fitting import fit, fits, temperature
from optogram.orient.measures import calibration_error
from optogram.orient.uprightness import confidence


def slope(found: Tensor, penalty: float) -> tuple[np.ndarray, Tensor]:
    """The weights found, and the gradient there of mean cross-entropy plus ridge, written again."""
    mean, scale, weights = fit(found, penalty)
    w = torch.from_numpy(weights).requires_grad_()
    scores = ((found - torch.from_numpy(mean)) / torch.from_numpy(scale)) @ w
    (cross_entropy(scores, torch.zeros(len(found), dtype=torch.long)) + penalty * (w * w).sum()).backward()
    assert w.grad is not None
    return weights, w.grad


@pytest.mark.parametrize(("photographs", "size"), [(60, 9), (60, 200), (12, 5000)])
def test_the_loss_is_at_its_least(photographs: int, size: int) -> None:
    """With few features, with more than there are differences to solve for, and with more than are added up at a time."""
    torch.manual_seed(0)
    found = torch.randn(photographs, 4, size)
    found[:, 0, 2] += 1.5
    weights, left = slope(found, 0.05)
    assert float(left.abs().max()) < 1e-4
    assert np.abs(weights).max() > 0.01
    assert photographs < 60 or weights.argmax() == 2


def test_copies_of_a_photograph_and_features_that_depend_on_each_other_are_no_harm() -> None:
    found = torch.randn(30, 4, 4, generator=torch.Generator().manual_seed(1)) @ torch.randn(4, 400, generator=torch.Generator().manual_seed(2))
    doubled = torch.cat([100 * found, 100 * found])
    doubled[:, :, 7] = 3.0
    weights, left = slope(doubled, 0.1)
    assert float(left.abs().max()) < 1e-4
    assert weights[7] == 0


def test_several_penalties_are_each_what_one_alone_is() -> None:
    found = torch.randn(20, 4, 100, generator=torch.Generator().manual_seed(2)).half()
    together = fits(found, (0.03, 3.0))[2]
    for penalty, weights in zip((0.03, 3.0), together, strict=True):
        np.testing.assert_allclose(weights, fit(found, penalty)[2])
    assert np.linalg.norm(together[1]) < np.linalg.norm(together[0]) / 3


def test_temperature_mends_what_was_scaled() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(4000, 4)) * 2
    truth = np.array([random.choice(4, p=row) for row in confidence(honest)])
    logits = np.stack([np.roll(row, -turn) for row, turn in zip(honest, truth, strict=True)])
    assert temperature(3 * logits) == pytest.approx(3, rel=0.07)
    assert calibration_error(logits) < 0.02
    assert calibration_error(3 * logits) > 0.1
    assert calibration_error(3 * logits / temperature(3 * logits)) < 0.02


def test_a_scorer_that_never_erred_is_as_sure_as_if_it_would_err_on_one_more() -> None:
    for count in (9, 99):
        logits = np.tile([5.0, 0, 0, 0], (count, 1))
        assert confidence(logits / temperature(logits))[:, 0] == pytest.approx(count / (count + 1), abs=1e-3)
