from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from optogram.lab.motifs_1d import MOTIF, RATE, WIDTH, WINDOWS, descended, drawn_sequences, window_gradients, windows

Quick = Callable[[str], Any]


def test_windows_are_the_five() -> None:
    cut = windows(torch.arange(9.0)[None])
    assert cut.shape == (1, WINDOWS, WIDTH) == (1, 5, 5)
    assert cut[0, 3].tolist() == [3, 4, 5, 6, 7]


def test_the_gradient_written_out_is_that_of_automatic_differentiation() -> None:
    sequences, labels = (torch.from_numpy(part) for part in drawn_sequences(60, 0))
    w0 = 0.3 * torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    done, _, _, _ = descended(sequences, labels, 2, 1, 4, zero_grad=True)
    for start in range(2):
        w = w0[start].clone().requires_grad_()
        score = (windows(sequences) * w).sum(dim=2).amax(dim=1)
        F.binary_cross_entropy_with_logits(score, labels.double()).backward()
        torch.testing.assert_close(done[start], w0[start] - RATE * w.grad)


def test_without_zero_grad_steps_are_those_of_summed_gradients() -> None:
    sequences, labels = (torch.from_numpy(part) for part in drawn_sequences(60, 0))
    w = (0.3 * torch.randn(1, WIDTH, generator=torch.Generator().manual_seed(2), dtype=torch.float64))[0].requires_grad_()
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([w, b], lr=RATE)
    for _ in range(4):
        score = (windows(sequences) * w).sum(dim=2).amax(dim=1) + b
        F.binary_cross_entropy_with_logits(score, labels.double()).backward()
        optimiser.step()
    torch.testing.assert_close(descended(sequences, labels, 1, 4, 2, zero_grad=False)[0][0], w.detach())


def test_the_windows_gradients_sum() -> None:
    sequences, labels = (torch.from_numpy(part) for part in drawn_sequences(60, 0))
    own, shared = window_gradients(sequences, labels, torch.ones(WIDTH, dtype=torch.float64), torch.zeros((), dtype=torch.float64))
    np.testing.assert_allclose(own.sum(axis=0), shared, atol=1e-14)
    assert (np.abs(own).max(axis=1) > 1e-4).all()


def test_neither_mean_nor_size_tells_the_classes_apart() -> None:
    sequences, labels = drawn_sequences(4000, 0)
    for statistic in (sequences.mean(axis=1), np.linalg.norm(sequences, axis=1)):
        assert abs(statistic[labels == 1].mean() - statistic[labels == 0].mean()) < 0.06 * statistic.std() + 0.02


class TestQuick:
    def test_the_motif_is_recovered_from_labels_alone(self, quick: Quick) -> None:
        found = quick("motifs_1d").result
        assert found["correlation"] >= 0.95
        assert found.finding("correlation").control < 0.95
        assert np.corrcoef(found.learned[0, found.best], MOTIF)[0, 1] == found["correlation"]
        assert found["recovered"] > found.finding("recovered").control

    def test_better_than_one_long_template(self, quick: Quick) -> None:
        entry = quick("motifs_1d").result.finding("accuracy")
        assert entry.low > entry.control + 0.1

    def test_zero_grad_matters(self, quick: Quick) -> None:
        found = quick("motifs_1d").result
        assert found["without_zero_grad"] < 0.9 < found.finding("without_zero_grad").control

    def test_gradients_sum(self, quick: Quick) -> None:
        assert quick("motifs_1d").result["windows_sum"] < 1e-12
