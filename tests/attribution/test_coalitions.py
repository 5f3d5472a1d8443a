"""Methods that take parts of a photograph away: the definition over all coalitions, regressions of a peer, linear networks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.attribution.games import PARTS, SIDE, Bilinear, bilinear, by_part, images, shapley, worth
from torch import Tensor

from optogram.attribution._attribute import attribute
from optogram.attribution._superpixels import grid_of, superpixels
from optogram.attribution.kernel_shap import draw_coalitions, fitted
from optogram.attribution.lime import coins, nearness, ridged
from optogram.attribution.shapley_sampling import arriving, draw_orders
from optogram.errors import InputError, NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small


def ask(net, x, method, **settings):
    return attribute(net, x, "output:1", method, segments=PARTS, progress=False, **settings)


def test_kernel_shap_is_exact_where_every_coalition_is_played() -> None:
    net, x = bilinear(), images()
    found = ask(net, x, "kernel_shap", baseline=0.3, samples=64, batch_size=7)
    assert not found.estimated
    for photo in range(2):
        np.testing.assert_allclose(by_part(found.values[photo]), shapley(worth(net, x[photo], 0.3), 6), atol=1e-4)
    assert np.abs(found.delta).max() < 1e-4


def test_shapley_sampling_nears_the_definition() -> None:
    net, x = bilinear(), images()
    found = ask(net, x, "shapley_sampling", samples=200)
    for photo in range(2):
        truth = shapley(worth(net, x[photo], 0.0), 6)
        assert np.abs(by_part(found.values[photo]) - truth).max() < 0.12 * np.abs(truth).max()
    assert np.abs(found.delta).max() < 1e-4
    few = ask(net, x, "shapley_sampling", samples=1)
    assert np.abs(few.delta).max() < 1e-4


def test_sampled_kernel_shap_nears_the_definition() -> None:
    net, x = bilinear(), images(1)
    value = worth(net, x[0], 0.0)
    truth = shapley(value, 6)
    present, weight = draw_coalitions(6, 4000, torch.Generator().manual_seed(0))
    known = {row: value(frozenset(index for index in range(6) if row[index])) for row in set(map(tuple, present.tolist()))}
    gains = torch.tensor([[known[row] for row in map(tuple, present.tolist())]]).double() - value(frozenset())
    found = fitted(present, weight, gains, torch.tensor([value(frozenset(range(6))) - value(frozenset())]).double())
    assert np.abs(found[0].numpy() - truth).max() < 0.05 * np.abs(truth).max()
    sampled = ask(net, x, "kernel_shap", samples=40)
    assert sampled.estimated
    assert np.abs(sampled.delta).max() < 1e-4


@pytest.mark.parametrize("method", ["kernel_shap", "shapley_sampling", "feature_ablation", "lime"])
def test_linear_networks_have_no_interactions(method: str) -> None:
    net, x = bilinear(0.0), images()
    truth = np.stack([by_part((x[photo] * net.module.head.weight[1].view(3, 12, 12)).detach().numpy()) for photo in range(2)])
    settings = {"kernel_shap": {"samples": 20}, "shapley_sampling": {"samples": 1}, "lime": {"samples": 40, "ridge": 0.0}}.get(method, {})
    values = ask(net, x, method, **settings).values
    if method in ("lime", "feature_ablation"):
        found = np.stack([[values[photo, 0][part == PARTS].mean() for part in range(6)] for photo in range(2)])
    else:
        found = np.stack([by_part(values[photo]) for photo in range(2)])
    np.testing.assert_allclose(found, truth, atol=1e-4)


def test_feature_ablation_part_by_part() -> None:
    net, x = bilinear(), images()
    found = ask(net, x, "feature_ablation", baseline=0.5)
    for photo in range(2):
        value = worth(net, x[photo], 0.5)
        whole = frozenset(range(6))
        for part in whole:
            np.testing.assert_allclose(found.values[photo][:, part == PARTS], value(whole) - value(whole - {part}), atol=1e-5)


def test_feature_ablation_agrees_with_captum() -> None:
    attr = pytest.importorskip("captum.attr")
    net, x = bilinear(), images()
    theirs = attr.FeatureAblation(net.module).attribute(x, target=1, feature_mask=torch.as_tensor(PARTS)[None, None].expand(1, 3, -1, -1))
    np.testing.assert_allclose(ask(net, x, "feature_ablation").values, theirs.detach().numpy(), atol=1e-5)


def test_limes_regression_agrees_with_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    generator = torch.Generator().manual_seed(0)
    present, weight = torch.rand(50, 7, generator=generator) < 0.5, torch.rand(50, generator=generator).double()
    answers = torch.randn(3, 50, generator=generator).double()
    for ridge in (0.5, 2.0):
        theirs = linear_model.Ridge(alpha=ridge).fit(present.numpy(), answers.T.numpy(), sample_weight=weight.numpy()).coef_
        np.testing.assert_allclose(ridged(present, weight, answers, ridge).numpy(), theirs, atol=1e-8)


def test_limes_coins_and_their_nearness() -> None:
    """The first draw has all parts; a draw's weight is by its cosine distance from that."""
    present = coins(9, 400, seed=3)
    assert present[0].all()
    assert abs(float(present[1:].float().mean()) - 0.5) < 0.03
    tossed, ones = present.double().numpy(), np.ones(9)
    distance = 1 - tossed @ ones / (np.linalg.norm(tossed, axis=1) * np.linalg.norm(ones) + 1e-300)
    np.testing.assert_allclose(nearness(present, 0.4), np.exp(-(distance**2) / 0.4**2), atol=1e-12)


class Unsteady(Bilinear):
    """As if the last digits depended on how many rows go through at a time; the right half of the photograph has no effect."""

    def forward(self, x: Tensor) -> Tensor:
        return (1 + super().forward(x * (torch.arange(SIDE) < 6))) * (1 + 2e-7 * (len(x) == 2))


@pytest.mark.parametrize("method", ["occlusion", "feature_ablation", "shapley_sampling"])
def test_differences_of_rounding_are_noughts(method: str) -> None:
    settings = {"window": 2, "stride": 2} if method == "occlusion" else {"segments": "grid", "cells": 6}
    net = Network(Unsteady(), Preprocess(size=SIDE))
    found = attribute(net, images(), "output:1", method, batch_size=5, progress=False, **settings).values
    assert found[..., :6].any()
    assert not found[..., 6:].any()


def test_shap_regression_holds_the_sum_even_with_few_draws() -> None:
    present, weight = draw_coalitions(10, 6, torch.Generator().manual_seed(0))
    assert torch.equal(present[1::2], ~present[::2])
    assert (present.sum(1) % 10 != 0).all()
    worths = fitted(present, weight, torch.randn(2, 6).double(), torch.tensor([1.0, -2.0]).double())
    torch.testing.assert_close(worths.sum(1), torch.tensor([1.0, -2.0]).double())


def test_coalition_sizes_follow_the_kernel() -> None:
    present, _ = draw_coalitions(8, 20_000, torch.Generator().manual_seed(0))
    counts = np.bincount(present.sum(1).numpy(), minlength=8)[1:]
    sizes = np.arange(1, 8)
    expected = 1 / (sizes * (8 - sizes))
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=0.01)


def test_orders_come_with_their_reverse() -> None:
    orders = draw_orders(5, 3, torch.Generator().manual_seed(0))
    assert [sorted(order.tolist()) for order in orders] == [list(range(5))] * 3
    assert torch.equal(orders[1], orders[0].flip(0))
    there = arriving(torch.tensor([2, 0, 1]))
    assert there.tolist() == [[False, False, False], [False, False, True], [True, False, True], [True, True, True]]


def test_superpixels_follow_planted_regions() -> None:
    image = torch.zeros(3, 40, 60)
    image[0, :, 23:] = 1.0
    image[1, 17:] = 0.8
    labels = superpixels(image, 4)
    assert len(labels.unique()) >= 12
    for label in labels.unique():
        inside = image[:, labels == label]
        assert (inside == inside[:, :1]).all(), "a superpixel crosses an edge"
    flat, (rows, columns) = grid_of((40, 60), 4)
    assert (rows, columns) == (4, 6)
    assert flat.unique().tolist() == list(range(24))


def test_each_photograph_may_have_its_own_parts() -> None:
    net, x = small(), photographs(2)
    parts = np.stack([np.tile(np.arange(24) // 8, (24, 1)), np.tile(np.arange(24) // 12, (24, 1)) * 5])
    found = attribute(net, x, "head:2", "feature_ablation", segments=parts, progress=False)
    alone = attribute(net, x[1], "head:2", "feature_ablation", segments=parts[1], progress=False)
    np.testing.assert_allclose(found.values[1], alone.values[0], atol=1e-6)
    assert len(np.unique(found.values[0])) == 3


def test_one_part_alone() -> None:
    net, x = bilinear(), images(1)
    for method in ("kernel_shap", "shapley_sampling"):
        found = attribute(net, x, "output:1", method, segments=np.zeros((12, 12), int), progress=False)
        assert found.values.sum() == pytest.approx(float(found.responses[0] - found.base[0]), abs=1e-4)


def test_what_cannot_be() -> None:
    net, x = small(), photographs(1)
    with pytest.raises(InputError, match="whole numbers"):
        attribute(net, x, "head:2", "lime", segments=np.zeros((24, 24)))
    with pytest.raises(InputError, match="one each, 1; got 3"):
        attribute(net, x, "head:2", "lime", segments=np.zeros((3, 24, 24), int))
    with pytest.raises(SettingError, match="superpixels, grid or an array"):
        attribute(net, x, "head:2", "lime", segments="felzenszwalb")
    with pytest.raises(SettingError, match="cells is at least 2"):
        attribute(net, x, "head:2", "kernel_shap", cells=50)
    with pytest.raises(NotDefinedError, match="use integrated_gradients or conductance"):
        attribute(net, x, "head:2", "shapley_sampling", source="cut")
    for method in ("lime", "kernel_shap", "shapley_sampling"):
        with pytest.raises(SettingError, match="at least"):
            attribute(net, x, "head:2", method, samples=0)


WIDE = np.arange(SIDE)[:, None] // 6 * 5 + np.arange(20)[None, :] // 4
"""Ten parts of a photograph of 12 by 20, of which the network is given the middle 12 columns: the outermost four parts are cut off."""
CUT = [0, 4, 5, 9]


class Middle(Bilinear):
    """`Bilinear` of the middle 12 columns; `rows` takes the number of rows of each pass."""

    rows: ClassVar[list[int]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.rows.append(len(x))
        left = (x.shape[3] - SIDE) // 2
        return super().forward(x[..., left : left + SIDE])


@pytest.mark.parametrize("method", ["feature_ablation", "shapley_sampling", "kernel_shap", "lime", "hsic", "sobol"])
def test_what_the_crop_leaves_out_takes_no_pass_and_changes_nothing(method: str) -> None:
    """Beside a network that is given everything and looks at the middle alone."""
    x = torch.rand(2, 3, SIDE, 20, generator=torch.Generator().manual_seed(8))
    settings = {} if method == "feature_ablation" else {"samples": 8}
    cut, whole = Network(Middle(), Preprocess(crop=SIDE)), Network(Middle(), Preprocess())
    cut.sites()
    Middle.rows.clear()
    found = attribute(cut, x, "output:1", method, segments=WIDE, progress=False, **settings)
    taken = sum(Middle.rows)
    expected = attribute(whole, x, "output:1", method, segments=WIDE, progress=False, **settings).values
    np.testing.assert_allclose(found.values, expected, atol=1e-5 * np.abs(expected).max())
    most = {"feature_ablation": 7 + 2, "shapley_sampling": 8 * 5 + 4, "sobol": 8 * (6 + 2) + 2}
    if method in most:
        assert taken <= 2 * most[method]
        assert not found.values[:, :, np.isin(WIDE, CUT)].any()


def test_coalitions_that_are_drawn_twice_are_asked_once() -> None:
    net, x = Network(Middle(), Preprocess(size=SIDE)), images(1)
    net.sites()
    Middle.rows.clear()
    attribute(net, x, "output:1", "lime", segments=PARTS, samples=1000, progress=False)
    assert sum(Middle.rows) <= 64 + 3, "six parts have 64 coalitions"
    found = ask(net, x, "lime", samples=1000)
    present = coins(6, 1000, 0)
    value = worth(net, x[0], 0.0)
    answers = torch.tensor([[value(frozenset(row.nonzero()[:, 0].tolist())) for row in present]]).double()
    expected = ridged(present, nearness(present, 0.25), answers, 1.0)[0].numpy()
    np.testing.assert_allclose([found.values[0, 0][part == PARTS].mean() for part in range(6)], expected, atol=1e-5)
