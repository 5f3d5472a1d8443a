"""Rectifiers told by their output: torch's own values and gradients, bit by bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from optogram.network.fast import machine
from optogram.network.fast import masked as masked_module
from optogram.network.fast.masked import RECTIFIERS
from optogram.network.functional import Watch


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tensors too."""
    monkeypatch.setattr(masked_module, "LARGE", 1)


def values(*shape: int) -> Tensor:
    found = 4 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found.view(-1)[:9] = torch.tensor([0.0, -0.0, 6.0, float("nan"), float("inf"), -float("inf"), 1e-40, -1e-40, 5.9999995])
    return found


def told(plain: nn.Module) -> nn.Module:
    found = copy.deepcopy(plain)
    found.__class__ = RECTIFIERS[type(found)]
    return found


def through(rectifier: nn.Module, given: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
    leaf = given.clone(memory_format=torch.preserve_format).requires_grad_()
    out = rectifier(leaf * 1.0)
    return out.detach().clone(), torch.autograd.grad(out, leaf, outside)[0]


@pytest.mark.parametrize("with_code", [True, False])
@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("kind", [nn.ReLU, nn.ReLU6])
@pytest.mark.parametrize("shape", [(3, 64, 9, 5), (1, 16, 1, 1), (7, 48), (2, 5, 3, 3)])
def test_values_and_gradients_are_torchs(
    shape: tuple[int, ...], kind: type[nn.Module], inplace: bool, with_code: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both layouts, also where gradients come in another one, and for numbers that are not a multiple of a register's."""
    if not with_code:
        monkeypatch.setattr(machine, "_registers", lambda: None)
    given, outside = values(*shape), torch.randn(shape)
    given = given if kind is nn.ReLU else given.nan_to_num(2.0, torch.inf, -torch.inf)
    layouts = [torch.contiguous_format, *([torch.channels_last] if len(shape) == 4 else [])]
    plain = kind(inplace=inplace)
    for one in layouts:
        for other in layouts:
            laid, out = given.contiguous(memory_format=one), outside.contiguous(memory_format=other)
            for found, expected in zip(through(told(plain), laid, out), through(plain, laid, out), strict=True):
                assert torch.equal(found.isnan(), expected.isnan())
                assert torch.equal(found.nan_to_num(7.0), expected.nan_to_num(7.0))


@pytest.mark.skipif(not machine.lanes(), reason="no code is made for this kind of processor")
@pytest.mark.parametrize("threads", [1, 3])
def test_large_ones_are_done_in_turns(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one turn a thread, the last one short; torch's own is not called."""
    monkeypatch.setattr(torch.ops.aten, "hardtanh_backward", None)
    output, gradient = torch.rand(200_016) * 8 - 1, torch.randn(200_016)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        found = masked_module.masked(gradient, output, 6.0)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, torch.where((output > 0) & (output < 6), gradient, 0.0))


def test_the_gradient_that_came_is_left_as_it_is() -> None:
    rectifier, leaf, outside = told(nn.ReLU6(inplace=True)), values(4, 16, 4, 4).requires_grad_(), torch.randn(4, 16, 4, 4)
    came = outside.clone()
    torch.autograd.grad(rectifier(leaf * 1.0), leaf, outside)
    assert torch.equal(outside, came)


def test_a_result_changed_afterwards_is_an_error_not_a_wrong_gradient() -> None:
    leaf = values(2, 16, 4, 4).nan_to_num(1.0).requires_grad_()
    out = told(nn.ReLU())(leaf * 1.0)
    out.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(out.sum(), leaf)


def test_leaves_views_and_what_somebody_watches_go_to_torch() -> None:
    used = []
    leaf = values(4, 16, 4, 4).nan_to_num(1.0).requires_grad_()
    for given in (leaf, (leaf * 1.0)[:, ::2], (leaf * 1.0).double(), (leaf * 1.0).bfloat16(), leaf.detach()):
        assert "Cut" not in type(told(nn.ReLU())(given).grad_fn).__name__
    with Watch(lambda name, function, args, kwargs: used.append(name) or function(*args, **kwargs)):
        for kind in (nn.ReLU, nn.ReLU6):
            told(kind(inplace=True))(leaf * 1.0)
    assert used == ["relu", "relu6"]
    assert "Cut" in type(told(nn.ReLU())(leaf * 1.0).grad_fn).__name__
