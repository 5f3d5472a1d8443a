"""Checks of what goes wrong: a forward that raises, numbers that are none, units that nothing changes, on every photograph or on one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from optogram.errors import NonFiniteError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing._asking import SIDE, Method, Small, ask, fewer, kind_of, photographs, small, told, values_of
from optogram.testing.unchanged import unchanged

COARSE: dict[str, dict[str, Any]] = {"occlusion": {"window": 12}, "expected_gradients": {"backgrounds": torch.zeros(1, 3, SIDE, SIDE)}}


class Moody(nn.Module):
    """Well, until all of its kind are told otherwise: then it raises, or is not finite on dark photographs."""

    mood: ClassVar[str | float] = "well"

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 4]."""
        if self.mood == "raises":
            raise ArithmeticError("out of tune")
        found: Tensor = self.inner(x)
        return found if isinstance(self.mood, str) else found + torch.where(x.mean((1, 2, 3))[:, None] < 0, self.mood, 0.0)


@contextmanager
def in_the_mood(mood: str | float) -> Iterator[None]:
    """Copies that the library makes of a network are of its mood, too."""
    Moody.mood = mood
    try:
        yield
    finally:
        Moody.mood = "well"


def check_an_error_of_the_network_is_passed_on(method: Method) -> None:
    """What a forward raises comes out as it is, and the network is left as it was."""
    module = Moody(kind_of(method)(3)).train()
    net = small(module=module)
    net.sites()
    with in_the_mood("raises"), unchanged(module):
        said = told(ArithmeticError, lambda: ask(net, photographs(1), method, "output:2"))
    assert said == "out of tune", f"the network's own error was swallowed, or became {said}"


def check_numbers_that_are_none_are_told(method: Method) -> None:
    """NaN and infinite responses: an error that names the photograph, no map."""
    net, images = small(module=Moody(kind_of(method)(3))), photographs(2)
    images[1] *= 0.1
    net.sites()
    for mood, word in ((torch.nan, "NaN"), (torch.inf, "infinity")):
        with in_the_mood(mood):
            said = told(NonFiniteError, lambda: ask(net, images, method, "output:2"))
        assert said is not None, f"responses of {word} gave a map"
        assert f"is {word} on photograph 1: " in said, f"the message names no photograph, or not what it is: {said}"


def check_a_constant_unit_is_told(method: Method) -> None:
    """A unit that nothing changes: nought, said in words and drawn as such, not a blank map."""
    module = kind_of(method)(3)
    with torch.no_grad():
        module.head.weight[2] = 0  # type: ignore[operator, union-attr]
    found = ask(small(module=module), photographs(2), method)
    assert found.zero.all()
    assert not values_of(found).any()
    assert any("finds nothing" in note for note in found.notes), f"notes say nothing of it: {found.notes}"
    assert "nought" in str(found)
    assert found.figure().size[0] > 0


def check_a_unit_at_zero_on_one_photograph_is_told(method: Method) -> None:
    """Behind a rectifier, on a black photograph: nought there, said in words; the other photograph has its map.

    Not asked of methods for attention alone: what they weight is never nought.
    """
    if kind_of(method) is not Small:
        return
    module = Small()
    with torch.no_grad():
        for layer in (module.norm, module.second):
            layer.bias.fill_(-0.05)  # type: ignore[union-attr]
        module.norm.running_mean.zero_()  # type: ignore[union-attr]
    net, images = Network(module, Preprocess(size=SIDE, mean=0.0, std=1.0)), photographs(2)
    images[1] = 0
    name = method if isinstance(method, str) else method.__name__
    settings = {**fewer(method), **COARSE.get(name, {}), **({"site": "relu#0"} if name.endswith(("_cam", "_plus_plus")) else {})}
    found = ask(net, images, method, "relu#1:3", **settings)
    np.testing.assert_array_equal(found.responses > 0, [True, False])
    np.testing.assert_array_equal(found.zero, [False, True])
    assert any("1 of 2 photographs" in note and "is rectified, and a unit at zero has no gradient" in note for note in found.notes), found.notes
    assert "nought everywhere" in found.caption(1)
    assert "nought" not in found.caption(0)
