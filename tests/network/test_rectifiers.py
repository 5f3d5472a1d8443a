"""Rectifiers: every form intercepted, values unchanged, the independent count, and refusal where something escapes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.errors import InterceptionError, NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.network.rectifiers import Rectifier


def plain(z: Tensor, grad: Tensor, rectifier: Rectifier) -> Tensor:
    return rectifier.backward(z, grad)


def marked(z: Tensor, grad: Tensor, rectifier: Rectifier) -> Tensor:
    return torch.full_like(grad, 7.0)


class Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Around(nn.Module):
    """A convolution on either side of what is under test."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Conv2d(3, 4, 3), middle, nn.Conv2d(4, 5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x))).mean((2, 3))


def network(middle: nn.Module | Callable[[Tensor], Tensor]) -> Network:
    torch.manual_seed(1)
    return Network(Around(middle if isinstance(middle, nn.Module) else Function(middle)), Preprocess(size=9))


IMAGES = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(3))

FORMS: dict[str, nn.Module | Callable[[Tensor], Tensor]] = {
    "module": nn.ReLU(),
    "in place module": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda y: F.relu(y, inplace=True),
    "F.relu in place by position": lambda y: F.relu(y, True),
    "F.relu_": F.relu_,
    "by keyword": lambda y: torch.relu(input=y),
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "method": lambda y: y.relu(),
    "method in place": lambda y: y.relu_(),
    "ReLU6": nn.ReLU6(),
    "F.relu6": F.relu6,
    "Hardtanh": nn.Hardtanh(0, 6, inplace=True),
    "hardtanh_": lambda y: F.hardtanh_(y, 0.0, 6.0),
    "Threshold": nn.Threshold(0, 0),
    "clamp_min": lambda y: y.clamp_min(0),
    "clamp_min_": lambda y: y.clamp_min_(0),
    "clamp": lambda y: torch.clamp(y, min=0),
    "clamp to six": lambda y: y.clamp(0, 6),
    "clip_": lambda y: y.clip_(0, 6),
    "LeakyReLU": nn.LeakyReLU(0.1),
    "leaky_relu_": lambda y: F.leaky_relu_(y, 0.1),
    "PReLU": nn.PReLU(4),
    "RReLU": nn.RReLU(),
    "ELU": nn.ELU(),
    "CELU": nn.CELU(),
    "SELU": nn.SELU(inplace=True),
    "GELU": nn.GELU(),
    "SiLU": nn.SiLU(inplace=True),
    "Hardswish": nn.Hardswish(),
    "Mish": nn.Mish(),
    "Softplus": nn.Softplus(),
}
INEXACT = {"LeakyReLU", "leaky_relu_", "PReLU", "RReLU"}
SMOOTH = {"ELU", "CELU", "SELU", "GELU", "SiLU", "Hardswish", "Mish", "Softplus"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_intercepted_and_keeps_its_values(form: str) -> None:
    net = network(FORMS[form])
    expected = net.run(IMAGES)
    images = IMAGES.clone().requires_grad_()
    with net.rectified_by(plain) as interception:
        found = net.run(images)
    assert torch.equal(found.detach(), expected)
    assert len(interception.calls) == 1
    assert interception.calls[0].exact == (form not in INEXACT | SMOOTH)
    assert interception.calls[0].smooth == (form in SMOOTH)
    ours = torch.autograd.grad(found[:, 1].sum(), images)[0]
    theirs = torch.autograd.grad(net.run(images)[:, 1].sum(), images)[0]
    assert torch.allclose(ours, theirs, atol=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_the_rule_takes_the_backward_over(form: str) -> None:
    net = network(FORMS[form])
    images = IMAGES.clone().requires_grad_()
    with net.rectified_by(marked):
        net.run(images)[:, 0].sum().backward()
    module = net.module
    assert isinstance(module, Around)
    expected = F.conv_transpose2d(torch.full((2, 4, 7, 7), 7.0), module.first.weight)
    assert images.grad is not None
    assert torch.allclose(images.grad, expected, atol=1e-5)


def test_the_rule_sees_the_pre_activation_also_where_it_is_overwritten() -> None:
    seen: list[Tensor] = []
    net = network(nn.ReLU(inplace=True))
    with net.rectified_by(lambda z, grad, rectifier: seen.append(z.clone()) or grad):
        net.run(IMAGES.clone().requires_grad_()).sum().backward()
    module = net.module
    assert isinstance(module, Around)
    assert torch.allclose(seen[0], module.first(IMAGES), atol=1e-6)


ESCAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "torch.maximum": lambda y: torch.maximum(y, torch.zeros(())),
    "torch.where": lambda y: torch.where(y > 0, y, torch.zeros(())),
    "product with a mask": lambda y: y * (y > 0),
    "product with a float mask": lambda y: (y > 0).float() * y,
    "clamp with a tensor": lambda y: torch.clamp(y, min=torch.zeros(())),
    "masked_fill": lambda y: y.masked_fill(y < 0, 0.0),
    "SiLU written out": lambda y: y * torch.sigmoid(y),
    "half of y plus its size": lambda y: (y + y.abs()) / 2,
}


@pytest.mark.parametrize("form", ESCAPES)
def test_what_escapes_is_an_error_with_module_and_counts(form: str) -> None:
    net = network(nn.Sequential(nn.ReLU(), Function(ESCAPES[form])))
    images = IMAGES.clone().requires_grad_()
    with net.rectified_by(plain) as interception:
        found = net.run(images)
        with pytest.raises(InterceptionError, match=r"computes 2 and 1 could be intercepted. middle\.1 \(Function\) computes 1 and 0 could be"):
            interception.check(found, method="guided_backprop", instead="integrated_gradients")
    assert [call.intercepted for call in net.rectifiers()] == [True, False]


def test_scripted_submodules_are_found() -> None:
    net = network(torch.jit.script(nn.Sequential(nn.ReLU(), nn.ReLU())))
    images = IMAGES.clone().requires_grad_()
    with net.rectified_by(plain) as interception, pytest.raises(InterceptionError, match="middle"):
        interception.check(net.run(images), method="guided_backprop", instead="integrated_gradients")


class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, z: Tensor) -> Tensor:
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        return grad


def test_a_users_own_autograd_function_cannot_be_looked_into() -> None:
    net = network(nn.Sequential(nn.ReLU(), Function(Own.apply)))
    with net.rectified_by(plain) as interception, pytest.raises(InterceptionError, match=r"Own \(Python\)"):
        interception.check(net.run(IMAGES.clone().requires_grad_()), method="guided_backprop", instead="gradient")


def test_what_only_looks_like_a_rectifier_is_none() -> None:
    """Maxout, gates of squeeze and excitation, a constant mask and scaling do not rectify."""
    gates = torch.tensor([0.0, 1.0, 1.0, 0.0]).view(1, 4, 1, 1)

    def harmless(y: Tensor) -> Tensor:
        y = y * torch.sigmoid(y.mean((2, 3), keepdim=True))
        y = torch.maximum(y, y.flip(1)) * gates
        return F.max_pool2d(y, 1) * 2 + y * torch.linspace(0.5, 2, 4).view(1, 4, 1, 1)

    assert [call.kind for call in network(nn.Sequential(nn.ReLU(), Function(harmless))).rectifiers()] == ["relu"]


def test_none_at_all_and_smooth_ones_are_refused() -> None:
    images = IMAGES.clone().requires_grad_()
    net = network(nn.Tanh())
    with net.rectified_by(plain) as interception, pytest.raises(NotDefinedError, match="there are 0"):
        interception.check(net.run(images), method="guided_backprop", instead="integrated_gradients")
    net = network(nn.GELU())
    with net.rectified_by(plain) as interception:
        found = net.run(images)
        with pytest.raises(NotDefinedError, match=r"this network has 1 GELU and no ReLU.\nUse integrated_gradients, or say rule="):
            interception.check(found, method="guided_backprop", instead="integrated_gradients")
        interception.check(found, method="guided_backprop", instead="integrated_gradients", generalised=True)


def test_a_reused_module_is_seen_at_each_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU(inplace=True)
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.relu(self.b(self.relu(self.a(x))))).mean((2, 3))

    report = Network(Twice(), Preprocess(size=9)).rectifiers()
    assert [call.address for call in report] == ["relu#0", "relu#1", "relu()#0"]
    assert all(call.intercepted for call in report)
    assert "relu#1" in str(report)


def test_only_what_feeds_the_target_counts() -> None:
    """An escape behind the target, or beside it, does not matter to it."""
    net = network(nn.Sequential(nn.ReLU(), Function(lambda y: torch.maximum(y, torch.zeros(())))))
    images = IMAGES.clone().requires_grad_()
    with net.tap("middle.0") as taps, net.rectified_by(plain) as interception:
        net.run(images)
        assert [call.kind for call in interception.check(taps["middle.0"], method="m", instead="n")] == ["relu"]


def test_clamping_by_the_preprocessing_is_no_rectifier() -> None:
    net = Network(Around(nn.ReLU()), Preprocess(size=9, interpolation="bicubic"))
    images = torch.rand(1, 3, 20, 20).requires_grad_()
    with net.rectified_by(plain) as interception:
        found = net.run(images)
    assert [call.kind for call in interception.check(found, method="m", instead="n")] == ["relu"]


def test_a_tensor_that_is_rectified_and_later_overwritten_is_told() -> None:
    def both(y: Tensor) -> Tensor:
        z = F.relu(y)
        y += 1
        return z + y

    net = network(both)
    with net.rectified_by(plain):
        found = net.run(IMAGES.clone().requires_grad_())
    with pytest.raises(InterceptionError, match="overwrites"):
        found.sum().backward()


def test_rules_end_with_the_block_and_hold_in_one_thread_only() -> None:
    net = network(nn.ReLU())
    other: list[Tensor] = []

    def run() -> None:
        images = IMAGES.clone().requires_grad_()
        net.run(images)[:, 0].sum().backward()
        assert images.grad is not None
        other.append(images.grad)

    with pytest.raises(ZeroDivisionError), net.rectified_by(marked):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        raise ZeroDivisionError
    run()
    assert torch.equal(other[0], other[1])


@pytest.mark.parametrize(
    ("name", "size", "count", "kind"),
    [
        ("alexnet", 224, 7, "relu"),
        ("vgg11", 64, 10, "relu"),
        ("resnet18", 64, 17, "relu"),
        ("squeezenet1_1", 64, 26, "relu"),
        ("mobilenet_v2", 64, 35, "hardtanh"),
        ("googlenet", 64, 57, "relu"),
        ("densenet121", 64, 121, "relu"),
    ],
)
@pytest.mark.filterwarnings("ignore:torchvision's compiled operators")
def test_counts_of_known_networks(name: str, size: int, count: int, kind: str) -> None:
    from optogram.network._torchvision import open_torchvision

    build = getattr(open_torchvision().models, name)
    report = Network(build(weights=None, **({"init_weights": False} if name == "googlenet" else {})), Preprocess(size=size)).rectifiers()
    assert report.counts() == {kind: count}
    assert all(call.intercepted for call in report)
