"""HSIC: its definition with matrices and as a double sum, planted dependence, what it cannot see."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from tests.attribution.games import PARTS, bilinear, images

from optogram.attribution import hsic as module
from optogram.attribution._attribute import attribute
from optogram.attribution.hsic import dependence, halves, median_distance
from optogram.errors import NotDefinedError, SettingError
from optogram.testing.attribution import photographs, small


def by_matrices(present: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """tr(K H L H) / (n - 1)^2, every matrix written out."""
    n = len(answers)
    width = np.median([abs(a - b) for a, b in itertools.combinations(answers, 2)])
    kernel = np.exp(-((answers[:, None] - answers[None]) ** 2) / (2 * width**2))
    centre = np.eye(n) - 1 / n
    return np.array([np.trace((part[:, None] == part[None]).astype(float) @ centre @ kernel @ centre) for part in present.T]) / (n - 1) ** 2


def by_double_sums(part: np.ndarray, kernel: np.ndarray) -> float:
    """mean k l + mean k mean l - 2 mean of (row means of k)(row means of l), times n^2 / (n - 1)^2."""
    n = len(part)
    agree = (part[:, None] == part[None]).astype(float)
    found = (agree * kernel).mean() + agree.mean() * kernel.mean() - 2 * (agree.mean(1) * kernel.mean(1)).mean()
    return float(found) * n**2 / (n - 1) ** 2


def test_matrices_and_double_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NUMBERS", 300)
    rng = np.random.default_rng(0)
    present, answers = rng.random((31, 4)) < 0.5, rng.normal(size=31)
    found = dependence(torch.as_tensor(present), torch.as_tensor(answers)).numpy()
    np.testing.assert_allclose(found, by_matrices(present, answers), rtol=1e-6)
    width = np.median([abs(a - b) for a, b in itertools.combinations(answers, 2)])
    kernel = np.exp(-((answers[:, None] - answers[None]) ** 2) / (2 * width**2))
    np.testing.assert_allclose(found, [by_double_sums(part, kernel) for part in present.T], rtol=1e-6)


@pytest.mark.parametrize("count", [4, 5, 40])
def test_the_median_distance(count: int) -> None:
    answers = np.random.default_rng(count).normal(size=count)
    distances = np.sort([abs(a - b) for a, b in itertools.combinations(answers, 2)])
    assert median_distance(torch.as_tensor(answers)) == pytest.approx(distances[(len(distances) - 1) // 2], rel=1e-9)
    tied = torch.tensor([0.0] * 9 + [1.0], dtype=torch.float64)
    assert median_distance(tied) == pytest.approx(float(tied.std()))
    assert median_distance(torch.zeros(5, dtype=torch.float64)) == 0


def test_the_map_photograph_by_photograph() -> None:
    net, x = bilinear(), images()
    found = attribute(net, x, "output:1", "hsic", segments=PARTS, samples=40, baseline=0.2, seed=3, batch_size=9, progress=False)
    present = halves(6, 40, torch.Generator().manual_seed(3)).numpy()
    assert (present.sum(0) == 20).all()
    for photo in range(2):
        rows = [torch.where(torch.as_tensor(draw[PARTS]), x[photo], torch.full_like(x[photo], 0.2)) for draw in present]
        answers = net.run(torch.stack(rows))[:, 1].double().detach().numpy()
        expected = by_matrices(present, answers)
        for part in range(6):
            np.testing.assert_allclose(found.values[photo][:, part == PARTS], expected[part], rtol=1e-3, atol=1e-7)


def test_dependence_of_any_form_is_seen_and_none_is_small() -> None:
    generator = torch.Generator().manual_seed(0)
    present = halves(3, 800, generator)
    noise = torch.randn(800, generator=generator).double()
    spread = torch.where(present[:, 1], 3.0, 0.3) * noise
    found = dependence(present, torch.where(present[:, 0], 1.5, 0.0) + spread)
    assert found[:2].min() > 10 * found[2], "a shift of the mean and a change of the spread alone are both seen"
    assert 0 <= float(found[2]) < 4 / 800
    both = (present[:, 0] ^ present[:, 1]).double()
    assert dependence(present, both).max() < 4 / 800, "each part of an exclusive or is independent of it: sobol is the method for that"


def test_refusals() -> None:
    with pytest.raises(SettingError, match="samples is at least 4; got 3"):
        attribute(small(), photographs(1), "head:2", "hsic", samples=3)
    with pytest.raises(NotDefinedError, match="use integrated_gradients or conductance"):
        attribute(small(), photographs(1), "head:2", "hsic", source="cut")
