"""What every attribution method must satisfy, one check a property; each takes a method's name or the method itself.

    @pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
    def test_contract(check):
        check(my_method)

A failure is an `AssertionError` that names the property. The networks are small, seeded, and made of what every method is
defined for: convolutions, rectifiers (modules, functions and in place), pooling and a head.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.attribution._attribute import METHODS, attribute
from optogram.attribution._question import Answer
from optogram.attribution._result import Attribution
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.unchanged import unchanged

Method = str | Callable[..., Answer]
TARGET = "head:2"
SAMPLES = 12
STEPS = 32
CELLS = 4
SIDE = 24
FEWER: dict[str, dict[str, Any]] = {"occlusion": {"window": 6, "stride": 3}, "extremal_perturbation": {"areas": (0.1, 0.4), "steps": 16, "cells": 12}}


class Cut(nn.Module):
    """Noughts in the right third."""

    def forward(self, x: Tensor) -> Tensor:
        """Any width."""
        seen = torch.arange(x.shape[-1], device=x.device) < x.shape[-1] * 2 // 3
        return x * seen.to(x)


class Small(nn.Module):
    """Three rectifiers, one a module in place, one that module again, one a function; the right third has no effect."""

    def __init__(self, channels: int = 3, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.norm = nn.Conv2d(channels, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.relu, self.cut = nn.ReLU(inplace=True), Cut()
        self.second, self.head = nn.Conv2d(8, 8, 3, stride=2), nn.Linear(8, 4)
        self.norm.running_mean, self.norm.running_var = torch.randn(8) * 0.1, torch.rand(8) + 0.5

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 4]."""
        x = self.cut(self.relu(self.norm(self.first(Cut()(x)))))
        x = self.relu(self.second(x)) + F.relu(self.second(x) - 0.1)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))  # type: ignore[no-any-return]


def small(channels: int = 3, size: int | tuple[int, int] | None = SIDE, module: nn.Module | None = None) -> Network:
    """The network that the checks use; `size=None` takes photographs as they come."""
    return Network(module or Small(channels), Preprocess(size=size, mean=0.4, std=0.3))


def photographs(count: int = 3, channels: int = 3, height: int = SIDE, width: int = SIDE, seed: int = 0) -> Tensor:
    """Smooth random images in 0..1."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 6, 6, generator=generator)
    return F.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False).clamp(0, 1)


def check_shape(method: Method) -> None:
    """Float32 in the shape of the images, finite, not nought; a single image is a batch of one."""
    net, images = small(), photographs()
    found = _ask(net, images, method)
    assert _values(found).shape == tuple(images.shape), f"values have shape {_values(found).shape}, the images {tuple(images.shape)}"
    assert _values(found).dtype == np.float32
    assert np.isfinite(_values(found)).all()
    assert _values(found).any()
    assert found.responses.shape == found.zero.shape == (3,)
    assert _values(_ask(net, images[0], method)).shape == (1, 3, SIDE, SIDE)
    np.testing.assert_allclose(found.responses, net.run(images)[:, 2].detach().numpy(), rtol=1e-4, atol=1e-6)


def check_every_photograph_is_answered_alone(method: Method) -> None:
    """A photograph's map does not depend on the others in the batch, nor on the size of inner batches."""
    net, images = small(), photographs()
    together = _values(_ask(net, images, method))
    for row in range(len(images)):
        _close(_values(_ask(net, images[row], method))[0], together[row], f"photograph {row} alone and in a batch")
    _close(_values(_ask(net, images, method, batch_size=2)), together, "inner batches of 2 and of 16")


def check_mixed_sizes(method: Method) -> None:
    """A list of photographs of several sizes gives a map each, in order, as if each had been given alone."""
    net = small()
    sizes = [(24, 24), (30, 40), (24, 24), (41, 26)]
    images = [photographs(1, 3, *size, seed=number)[0] for number, size in enumerate(sizes)]
    found = _ask(net, images, method)
    assert isinstance(found.values, list)
    for number, image in enumerate(images):
        assert found.values[number].shape == tuple(image.shape), f"photograph {number} has a map of shape {found.values[number].shape}"
        _close(found.values[number], _values(_ask(net, image, method))[0], f"photograph {number} of a list and alone")


def check_draws_are_a_photographs_own(method: Method) -> None:
    """Where photographs are cut into parts, what is drawn for one does not depend on how many parts another has."""
    function = METHODS.get(method) if isinstance(method, str) else method
    if "segments" not in inspect.signature(function).parameters:
        return
    net, images = small(), photographs()
    columns = np.stack([np.tile(np.arange(SIDE) // wide, (SIDE, 1)) for wide in (3, 2, 3)])
    rows = np.arange(SIDE)[:, None] // 12
    together = _ask(net, images, method, segments=columns + rows * 12)
    for row in range(len(images)):
        alone = _values(_ask(net, images[row], method, segments=(columns + rows * 12)[row]))[0]
        _close(alone, _values(together)[row], f"photograph {row} alone and beside one of other parts")


def check_gray_and_oblong(method: Method) -> None:
    """Gray networks, and photographs of any size where the network takes them."""
    found = _ask(small(1), photographs(2, 1), method)
    assert _values(found).shape == (2, 1, SIDE, SIDE)
    images = photographs(2, 3, 20, 32)
    assert _values(_ask(small(size=None), images, method)).shape == tuple(images.shape)


def check_what_has_no_effect_gets_nothing(method: Method) -> None:
    """Pixels that cannot change the response: 0, in a network that looks at the left two thirds alone."""
    answer = _ask(small(), photographs(), method, **_finest(method))
    without, effective = _values(answer)[..., SIDE * 2 // 3 :], _values(answer)[..., : SIDE * 2 // 3]
    if answer.estimated:
        assert np.abs(without).mean() < 0.5 * np.abs(effective).mean(), "pixels without effect have values as great as others'"
        return
    assert not without.any(), "pixels without effect have values"
    assert effective.any()


def check_a_constant_unit_is_told(method: Method) -> None:
    """A unit that nothing changes: nought, said in words and drawn as such, not a blank map."""
    module = Small()
    with torch.no_grad():
        module.head.weight[2] = 0
    found = _ask(small(module=module), photographs(2), method)
    assert found.zero.all()
    assert not _values(found).any()
    assert any("changes" in note for note in found.notes), f"notes say nothing of it: {found.notes}"
    assert "nought" in str(found)
    assert found.figure().size[0] > 0


def check_the_network_is_unchanged(method: Method) -> None:
    """Neither weights nor hooks nor modes nor flags differ afterwards, also in training mode, with gradients, and after an error."""
    module = Small().train()
    module(photographs()).sum().backward()
    net = small(module=module)
    with unchanged(module):
        _ask(net, photographs(), method)
    with unchanged(module):
        try:
            _ask(net, photographs(), method, no_such_setting=1)
        except ValueError:
            return
        raise AssertionError("a setting that the method does not have was accepted")


def check_frozen_networks(method: Method) -> None:
    """Parameters that require no gradient, and a caller under `no_grad`, make no difference."""
    images = photographs()
    expected = _values(_ask(small(), images, method))
    module = Small().requires_grad_(False).eval()
    with torch.no_grad():
        _close(_values(_ask(small(module=module), images, method)), expected, "frozen and trainable parameters")


def check_seeds(method: Method) -> None:
    """The same seed gives the same map, whatever the global state; nothing depends on it."""
    net, images = small(), photographs()
    torch.manual_seed(1)
    one = _values(_ask(net, images, method, seed=5))
    torch.manual_seed(2)
    assert np.array_equal(one, _values(_ask(net, images, method, seed=5))), "the same seed gave two maps"
    assert len(torch.unique(torch.rand(4))) == 4


def check_completeness(method: Method) -> None:
    """Where `delta` is given, it is what the sum of values misses, and small beside the response."""
    net, images = small(), photographs()
    found = _ask(net, images, method)
    if found.delta is None:
        return
    base = net.run(torch.zeros_like(images))[:, 2].detach().numpy() if found.base is None else found.base
    missed = _values(found).sum(axis=(1, 2, 3)) - (found.responses - base)
    np.testing.assert_allclose(found.delta, missed, atol=1e-4)
    assert np.abs(found.delta).max() < (0.5 if found.estimated else 0.05) * np.abs(found.responses - base).max(), f"delta {found.delta} is not small"


def check_targets(method: Method) -> None:
    """Neurons, units with each reduction, what speaks against one, directions and contrasts are answered, and are different questions."""
    net, images = small(), photographs()
    direction = ("head", np.array([0.0, 0.0, 1.0, 0.0]))
    _close(_values(_ask(net, images, method, target=direction)), _values(_ask(net, images, method)), "a unit and its direction")
    contrast = _ask(net, images, method, target="head:2 - head:0")
    np.testing.assert_allclose(contrast.responses, (net.run(images)[:, 2] - net.run(images)[:, 0]).detach().numpy(), rtol=1e-3, atol=1e-5)
    against = _ask(net, images, method, target="-head:2")
    np.testing.assert_allclose(against.responses, -net.run(images)[:, 2].detach().numpy(), rtol=1e-3, atol=1e-5)
    assert against.target == "-head:2"
    assert np.isfinite(_values(against)).all()
    for reduce in ("max", "mean", "sum"):
        found = _ask(net, images, method, target="second#1:3", reduce=reduce)
        flat = net.read("second#1", images)[:, 3].flatten(1)
        expected = {"max": flat.amax(1), "mean": flat.mean(1), "sum": flat.sum(1)}[reduce]
        np.testing.assert_allclose(found.responses, expected.detach().numpy(), rtol=1e-3, atol=1e-5)
        assert all(place.startswith("@") for place in found.places) == (reduce == "max")
    neuron = _ask(net, images, method, target=f"second#1:3{_ask(net, images, method, target='second#1:3').places[0]}")
    _close(_values(neuron)[0], _values(_ask(net, images[0], method, target="second#1:3"))[0], "the greatest neuron and its unit")


def _ask(net: Network, images: Any, method: Method, target: Any = TARGET, **settings: Any) -> Attribution:
    return attribute(net, images, target, method, progress=False, **{**_fewer(method), **settings})


def _fewer(method: Method) -> dict[str, Any]:
    """Methods that draw at random, or that search step by step, are asked for less than by default: the properties hold for any number."""
    function = METHODS.get(method) if isinstance(method, str) else method
    known = inspect.signature(function).parameters
    most = {"samples": SAMPLES, "steps": STEPS, "cells": CELLS}
    found = {name: known[name].default for name in most if name in known}
    fewer = {name: min(default, most[name]) for name, default in found.items() if isinstance(default, int)}
    return {**fewer, **FEWER.get(method if isinstance(method, str) else method.__name__, {})}


def _finest(method: Method) -> dict[str, Any]:
    """A class activation map's coarse grid spreads when enlarged, occlusion's windows straddle the border: the finest settings they have."""
    name = method if isinstance(method, str) else method.__name__
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


def _values(found: Attribution) -> np.ndarray:
    assert isinstance(found.values, np.ndarray)
    return found.values


def _close(one: np.ndarray, other: np.ndarray, what: str) -> None:
    scale = max(float(np.abs(other).max()), 1e-12)
    worst = float(np.abs(one - other).max()) / scale
    assert worst < 1e-4, f"{what} differ by {worst:.2g} of the greatest value"


CHECKS: dict[str, Callable[[Method], None]] = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}
"""Every property by name."""
