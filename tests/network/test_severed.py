"""Networks whose forward keeps no gradient: what follows gradients says why none comes, what only looks works as on any network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import optogram as og
from optogram.errors import NotDefinedError
from optogram.network.severed import severed


class Plain(nn.Module):
    """Two rectifiers, in sight of every method."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3), nn.ReLU())
        self.h = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.h(self.f(x).mean((2, 3)))


class NoGrad(Plain):
    forward = torch.no_grad()(Plain.forward)


class Inference(Plain):
    forward = torch.inference_mode()(Plain.forward)


class Half(Plain):
    """The decorator is on a block, not on the network."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Sequential(self.f, Block())

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x.mean()  # a figure of the images that nothing uses: no gradient is lost by it
        return super().forward(x)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv2d(5, 5, 1)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return self.c(x)


class Detached(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.h(self.f(x).detach().mean((2, 3)))


CUT = {NoGrad: "NoGrad computes under torch.no_grad", Inference: "Inference computes under torch.inference_mode", Detached: "Detached detaches"}


def network(kind: Callable[[], nn.Module]) -> og.Network:
    torch.manual_seed(0)
    return og.Network(kind(), preprocess=og.Preprocess(size=16))


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("method", ["guided_backprop", "deconvnet", "gradient", "integrated_gradients", "grad_cam", "lrp", "deeplift"])
@pytest.mark.parametrize("kind", CUT)
def test_methods_say_what_keeps_no_gradient(kind: type[nn.Module], method: str, images: Tensor) -> None:
    with pytest.raises(NotDefinedError, match=CUT[kind]) as told:
        og.attribute(network(kind), images, "h:1", method=method)
    assert "there are 0" not in str(told.value)
    assert "size" not in str(told.value)
    assert "occlusion" in str(told.value)


@pytest.mark.parametrize("kind", [NoGrad, Inference])
def test_a_picture_that_cannot_climb_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(NotDefinedError, match=CUT[kind]):
        og.synthesize(network(kind), ["f.1:2"], steps=2, progress=False)


@pytest.mark.parametrize("kind", CUT)
def test_what_only_looks_gives_what_it_gives_of_the_plain_network(kind: type[nn.Module], images: Tensor) -> None:
    """Under inference mode torch counts no writes, so that every tensor that is read may be written into: the first convolution's is."""
    cut, plain = network(kind), network(Plain)
    assert cut.sites(default=False).addresses() == plain.sites(default=False).addresses()
    for site in plain.sites(default=False):
        assert torch.equal(cut.read(site.address, images), plain.read(site.address, images).detach()), site.address
    assert cut.receptive_field("f.2") == plain.receptive_field("f.2")
    mine, its = (og.attribute(net, images, "h:1", method="occlusion", window=8, stride=8).values for net in (cut, plain))
    assert torch.equal(torch.as_tensor(mine), torch.as_tensor(its))
    one, other = (og.sweep(net, [image.permute(1, 2, 0).mul(255).byte().numpy() for image in images], progress=False) for net in (cut, plain))
    assert one.moments("f.2").mean.tolist() == other.moments("f.2").mean.tolist()


def test_the_module_is_named_whose_own_forward_turns_gradients_off(images: Tensor) -> None:
    half = network(Half)
    assert severed(half, images).startswith("f.1 (Block) computes under torch.no_grad")
    assert severed(network(Plain), images) == ""
    assert og.attribute(half, images, "f.0.2:1", method="guided_backprop").values.any()
