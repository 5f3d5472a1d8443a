"""What every attribution method must satisfy, one check a property; each takes a method's name or the method itself.

    @pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
    def test_contract(check):
        check(my_method)

A failure is an `AssertionError` that names the property. The networks are small, seeded, and made of what nearly every method is
defined for: convolutions, rectifiers (modules, functions and in place), pooling and a head; a method that refuses these is asked about
attention between patches. Memory is held by `optogram.testing.memory`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from optogram.attribution._attribute import METHODS
from optogram.testing._asking import SIDE as SIDE
from optogram.testing._asking import TARGET as TARGET
from optogram.testing._asking import Method as Method
from optogram.testing._asking import Patches as Patches
from optogram.testing._asking import Small as Small
from optogram.testing._asking import ask, close, kind_of, name_of, network_for, usual, values_of
from optogram.testing._asking import fewer as fewer
from optogram.testing._asking import photographs as photographs
from optogram.testing._asking import small as small
from optogram.testing._kinds import check_bfloat16, check_channels_last, check_gray_and_oblong, check_mixed_sizes
from optogram.testing._trouble import (
    check_a_constant_unit_is_told,
    check_a_unit_at_zero_on_one_photograph_is_told,
    check_an_error_of_the_network_is_passed_on,
    check_numbers_that_are_none_are_told,
)
from optogram.testing.unchanged import unchanged

LINEAR = {
    *("gradient", "input_x_gradient", "smoothgrad", "integrated_gradients", "expected_gradients", "blur_integrated_gradients"),
    *("conductance", "internal_influence", "occlusion", "rise", "feature_ablation", "kernel_shap", "lime", "shapley_sampling"),
    *("deeplift", "lrp", "positive_paths"),
}
"""Methods whose map of a sum of responses is the sum of their maps; a third party adds its own before it calls the checks."""
HIDDEN = {Small: "second#1:3", Patches: "mlp.1:3"}


def check_shape(method: Method) -> None:
    """Float32 in the shape of the images, finite, not nought; a single image is a batch of one."""
    net, images, found = network_for(method), photographs(), usual(method)
    assert values_of(found).shape == tuple(images.shape), f"values have shape {values_of(found).shape}, the images {tuple(images.shape)}"
    assert values_of(found).dtype == np.float32
    assert np.isfinite(values_of(found)).all()
    assert values_of(found).any()
    assert found.responses.shape == found.zero.shape == (3,)
    assert values_of(ask(net, images[0], method)).shape == (1, 3, SIDE, SIDE)
    np.testing.assert_allclose(found.responses, net.run(images)[:, 2].detach().numpy(), rtol=1e-4, atol=1e-6)


def check_every_photograph_is_answered_alone(method: Method) -> None:
    """A photograph's map does not depend on the others in the batch, nor on the size of inner batches."""
    net, images = network_for(method), photographs()
    together = values_of(usual(method))
    for row in range(len(images)):
        close(values_of(ask(net, images[row], method))[0], together[row], f"photograph {row} alone and in a batch")
    close(values_of(ask(net, images, method, batch_size=2)), together, "inner batches of 2 and of 16")


def check_draws_are_a_photographs_own(method: Method) -> None:
    """Where photographs are cut into parts, what is drawn for one does not depend on how many parts another has."""
    function = METHODS.get(method) if isinstance(method, str) else method
    if "segments" not in inspect.signature(function).parameters:
        return
    net, images = network_for(method), photographs()
    columns = np.stack([np.tile(np.arange(SIDE) // wide, (SIDE, 1)) for wide in (3, 2, 3)])
    rows = np.arange(SIDE)[:, None] // 12
    together = ask(net, images, method, segments=columns + rows * 12)
    for row in range(len(images)):
        alone = values_of(ask(net, images[row], method, segments=(columns + rows * 12)[row]))[0]
        close(alone, values_of(together)[row], f"photograph {row} alone and beside one of other parts")


def check_what_has_no_effect_gets_nothing(method: Method) -> None:
    """Pixels that cannot change the response: 0, in a network that looks at the left two thirds alone."""
    answer = ask(network_for(method), photographs(), method, **_finest(method))
    without, effective = values_of(answer)[..., SIDE * 2 // 3 :], values_of(answer)[..., : SIDE * 2 // 3]
    if answer.estimated:
        assert np.abs(without).mean() < 0.5 * np.abs(effective).mean(), "pixels without effect have values as great as others'"
        return
    assert not without.any(), "pixels without effect have values"
    assert effective.any()


def check_the_network_is_unchanged(method: Method) -> None:
    """Neither weights nor hooks nor modes nor flags differ afterwards, also in training mode, with gradients, and after an error."""
    module = kind_of(method)(3).train()
    module(photographs()).sum().backward()
    net = small(module=module)
    with unchanged(module):
        ask(net, photographs(), method)
    with unchanged(module):
        try:
            ask(net, photographs(), method, no_such_setting=1)
        except ValueError:
            return
        raise AssertionError("a setting that the method does not have was accepted")


def check_frozen_networks(method: Method) -> None:
    """Parameters that require no gradient, and a caller under `no_grad`, make no difference."""
    module = kind_of(method)(3).requires_grad_(False).eval()
    with torch.no_grad():
        close(values_of(ask(small(module=module), photographs(), method)), values_of(usual(method)), "frozen and trainable parameters")


def check_seeds(method: Method) -> None:
    """The same seed gives the same map, whatever the global state; nothing depends on it."""
    net, images = network_for(method), photographs()
    torch.manual_seed(1)
    one = values_of(ask(net, images, method, seed=5))
    torch.manual_seed(2)
    assert np.array_equal(one, values_of(ask(net, images, method, seed=5))), "the same seed gave two maps"
    assert len(torch.unique(torch.rand(4))) == 4


def check_completeness(method: Method) -> None:
    """Where `delta` is given, it is what the sum of values misses, and small beside the response."""
    net, images, found = network_for(method), photographs(), usual(method)
    if found.delta is None:
        return
    base = net.run(torch.zeros_like(images))[:, 2].detach().numpy() if found.base is None else found.base
    missed = values_of(found).sum(axis=(1, 2, 3)) - (found.responses - base)
    np.testing.assert_allclose(found.delta, missed, atol=1e-4)
    assert np.abs(found.delta).max() < (0.5 if found.estimated else 0.05) * np.abs(found.responses - base).max(), f"delta {found.delta} is not small"


def check_linearity(method: Method) -> None:
    """Of the methods in `LINEAR`: the map of 3 a - 2 b is 3 times that of a less 2 times that of b, and a contrast's is the difference."""
    if name_of(method) not in LINEAR:
        return
    one, other = (values_of(usual(method, target)) for target in ("head:2", "head:0"))
    close(values_of(usual(method, "head:2 - head:0")), one - other, "a contrast and the difference")
    mixed = ask(network_for(method), photographs(), method, ("head", np.array([-2.0, 0.0, 3.0, 0.0])))
    close(values_of(mixed), 3 * one - 2 * other, "the map of a mixture and the mixture of maps")


def check_targets(method: Method) -> None:
    """Neurons, units with each reduction, what speaks against one, directions and contrasts are answered, and are different questions."""
    net, images, hidden = network_for(method), photographs(), HIDDEN[kind_of(method)]  # type: ignore[index]
    direction = ("head", np.array([0.0, 0.0, 1.0, 0.0]))
    close(values_of(ask(net, images, method, direction)), values_of(usual(method)), "a unit and its direction")
    answers = net.run(images).detach().numpy()
    np.testing.assert_allclose(usual(method, "head:2 - head:0").responses, answers[:, 2] - answers[:, 0], rtol=1e-3, atol=1e-5)
    against = ask(net, images, method, "-head:2")
    np.testing.assert_allclose(against.responses, -answers[:, 2], rtol=1e-3, atol=1e-5)
    assert against.target == "-head:2"
    assert np.isfinite(values_of(against)).all()
    site = net.unit(hidden).site
    flat = site.places(net.read(site, images))[:, 3]
    expected = {"max": flat.amax(1), "mean": flat.mean(1), "sum": flat.sum(1)}
    found = {reduce: ask(net, images, method, hidden, reduce=reduce) for reduce in expected}
    for reduce, answer in found.items():
        np.testing.assert_allclose(answer.responses, expected[reduce].detach().numpy(), rtol=1e-3, atol=1e-5)
        assert all(place.startswith("@") for place in answer.places) == (reduce == "max")
    neuron = ask(net, images[:1], method, hidden + found["max"].places[0])
    close(values_of(neuron)[0], values_of(found["max"])[0], "the greatest neuron and its unit")


def _finest(method: Method) -> dict[str, Any]:
    """A class activation map's coarse grid spreads when enlarged, occlusion's windows straddle the border: the finest settings they have."""
    name = name_of(method)
    columns = {"segments": np.tile(np.arange(SIDE) // 4, (SIDE, 1))}
    finest: dict[str, dict[str, Any]] = {
        "occlusion": {"window": 1, "stride": 1},
        "rise": {"samples": 1200, "cells": 6},
        "feature_ablation": columns,
        "shapley_sampling": columns,
        "sobol": columns,
        "hsic": {**columns, "samples": 400},
        "kernel_shap": columns,
        "lime": {**columns, "samples": 400},
    }
    return finest.get(name, {"site": "cut"} if name.endswith(("_cam", "_cam_plus_plus")) else {})


_TOLD = (
    *(check_a_constant_unit_is_told, check_a_unit_at_zero_on_one_photograph_is_told, check_an_error_of_the_network_is_passed_on),
    *(check_numbers_that_are_none_are_told, check_mixed_sizes, check_gray_and_oblong, check_channels_last, check_bfloat16),
)
_HERE = [check for name, check in globals().items() if name.startswith("check_") and check not in _TOLD]
CHECKS: dict[str, Callable[[Method], None]] = {check.__name__.removeprefix("check_"): check for check in (*_HERE, *_TOLD)}
"""Every property by name."""
