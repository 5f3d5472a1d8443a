"""Deletion and insertion: closed forms on linear networks, a slow loop, ties, and the way a map may be wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.metrics.planted import SIDE, backwards, images, linear, weights

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.metrics._removal import ranks
from optogram.metrics._score import score
from optogram.testing.attribution import photographs, small


def exact(net, x, method="input_x_gradient"):
    return attribute(net, x, "head:2", method, progress=False)


@pytest.mark.parametrize(("metric", "insert"), [("deletion", False), ("insertion", True)])
def test_a_linear_network_in_closed_form(metric: str, insert: bool) -> None:
    net, x = linear(), images()
    share = (x * weights(net)).sum(1).flatten(1).numpy().astype(float)
    x = x[share.sum(1) > 0]
    share = share[share.sum(1) > 0]
    assert len(share) > 0
    found = score(net, exact(net, x), metric, baseline="black", steps=SIDE * SIDE, progress=False)
    gained = np.cumsum(-np.sort(-share, axis=1), axis=1) / share.sum(1, keepdims=True)
    curve = np.concatenate([np.zeros((len(share), 1)), gained], axis=1)
    curve = curve if insert else 1 - curve
    np.testing.assert_allclose(found.curve, curve, atol=2e-4)
    np.testing.assert_allclose(found.values, np.trapezoid(curve, dx=1 / SIDE**2, axis=1), atol=2e-4)
    assert found.better == ("high" if insert else "low")


def test_no_order_is_better_than_the_true_one() -> None:
    net, x = linear(), images(8)
    for metric, sign in (("deletion", 1), ("insertion", -1)):
        right, wrong = (score(net, exact(net, x, how), metric, baseline="black", progress=False) for how in ("input_x_gradient", backwards))
        known = np.isfinite(right.values)
        assert known.any()
        assert (sign * right.values[known] < sign * wrong.values[known]).all()
        for values in right.free.values():
            assert (sign * right.values[known] < sign * values[known]).all()


def test_pixel_by_pixel_with_a_slow_loop() -> None:
    net, x = small(), photographs(2)
    found = exact(net, x)
    curve = score(net, found, "deletion", baseline=0.5, steps=6, progress=False).curve
    assert curve is not None
    for photo in range(2):
        order = np.argsort(-found.map(photo).ravel(), kind="stable")
        answers = []
        for step in range(7):
            changed = x[photo].clone().flatten(1)
            changed[:, order[: round(step * 576 / 6)]] = 0.5
            answers.append(float(net.run(changed.view(1, 3, 24, 24))[0, 2]))
        answers = np.array(answers)
        if answers[0] > answers[-1]:
            np.testing.assert_allclose(curve[photo], (answers - answers[-1]) / (answers[0] - answers[-1]), atol=1e-3)
        else:
            assert np.isnan(curve[photo]).all()


def test_probabilities_are_the_softmax_of_the_site() -> None:
    net, x = small(), photographs(2)
    found = score(net, exact(net, x), "deletion", scale="probability", steps=4, baseline="black", progress=False)
    np.testing.assert_allclose(found.curve[:, 0], net.run(x).softmax(1)[:, 2].detach().numpy(), rtol=1e-4)
    np.testing.assert_allclose(found.curve[:, -1], net.run(0 * x).softmax(1)[:, 2].detach().numpy(), rtol=1e-4)
    with pytest.raises(SettingError, match="needs a class"):
        score(net, attribute(net, x, "second#1:1", "gradient", progress=False), "deletion", scale="probability", progress=False)


def test_ties_are_broken_at_random_not_from_the_top() -> None:
    maps = torch.zeros(2, 30, 30)
    maps[:, 0, 0] = 1
    order = ranks(maps, torch.Generator().manual_seed(0))
    assert (order[:, 0, 0] == 0).all()
    assert torch.equal(order.flatten(1).sort().values[0], torch.arange(900))
    first = (order[0] < 450).float()
    assert abs(float(first[:15].mean()) - 0.5) < 0.1
    assert torch.equal(order[0], order[1])


def test_settings_that_cannot_be() -> None:
    net, x = small(), photographs(1)
    with pytest.raises(SettingError, match="steps is at least 1"):
        score(net, exact(net, x), "deletion", steps=0)


def test_by_magnitude_what_speaks_against_goes_first_too() -> None:
    net, x = linear(), images()
    found = exact(net, x)
    worth = (x * weights(net)).sum(1).flatten(1).numpy().astype(float)
    curve = score(net, found, "deletion", baseline="black", steps=SIDE * SIDE, by="absolute", progress=False).curve
    for photo, one in enumerate(worth):
        if found.responses[photo] > float(net.run(x[:1] * 0)[0, 2].detach()):
            left = one.sum() - np.concatenate(([0.0], np.cumsum(one[np.argsort(-np.abs(one))])))
            np.testing.assert_allclose(curve[photo], left / one.sum(), atol=1e-3)


def test_there_is_no_answer_where_the_baseline_says_more() -> None:
    net, x = linear(), images()
    with torch.no_grad():
        net.module.head.weight[2] = -net.module.head.weight[2].abs()
    for metric in ("deletion", "insertion"):
        assert np.isnan(score(net, exact(net, x), metric, baseline="black", progress=False).values).all()
