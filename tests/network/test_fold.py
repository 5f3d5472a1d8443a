"""Folding changes the work, not the function; where it would change the function it is left alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import optogram as og
from optogram import Network, Preprocess
from optogram.errors import AddressError, MissingExtraError
from optogram.network._torchvision import open_torchvision
from optogram.network.fast.fold import Folded


class Plain(nn.Module):
    """Convolution, batch norm, rectifier in place, twice, and a head."""

    def __init__(self, conv: type[nn.Conv2d] = nn.Conv2d, bias: bool = False) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(3, 8, 3, padding=1, stride=2, bias=bias), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = conv(8, 8, 3, padding=1, groups=8, bias=bias), nn.BatchNorm2d(8, affine=bias)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


class Branching(Plain):
    """The first convolution is read by somebody else than its batch norm."""

    def forward(self, x: Tensor) -> Tensor:
        before = self.conv1(x)
        x = self.bn1(before) + before
        return self.fc(self.bn2(self.conv2(x)).mean((2, 3)))


class Shared(Plain):
    """One batch norm for two convolutions' outputs: each call normalises something else."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1(x))
        return self.fc(self.bn1(self.conv2(x)).mean((2, 3)))


class OwnConvolution(nn.Conv2d):
    """A convolution of a class of its own."""

    def forward(self, input: Tensor) -> Tensor:
        return 2 * super().forward(input)


def lively(module: nn.Module) -> nn.Module:
    """Batch norms as after training: every statistic and parameter of its own."""
    generator = torch.Generator().manual_seed(1)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.copy_(torch.randn(8, generator=generator))
            layer.running_var.copy_(0.2 + torch.rand(8, generator=generator))
            if layer.affine:
                layer.weight.data.copy_(torch.randn(8, generator=generator))
                layer.bias.data.copy_(torch.randn(8, generator=generator))
    return module.eval()


def network(module: nn.Module) -> Network:
    return Network(lively(module), Preprocess(size=16, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2)))


def folded(worker: Network) -> set[str]:
    return {path for path, module in worker.layer("output").named_modules() if isinstance(module, Folded)}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("read", ["bn1", "bn2", "relu#0", "fc"])
def test_a_folded_worker_computes_the_same_function_and_gradient(bias: bool, read: str) -> None:
    net = network(Plain(bias=bias))
    worker = net.worker(channels_last=True, reads=[read])
    assert folded(worker) == {"bn1", "bn2"}
    found = []
    for one in (net, worker):
        images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(2)).requires_grad_()
        values = one.read(read, images)
        found.append((values.detach(), torch.autograd.grad(values.square().sum(), images)[0]))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_the_network_itself_keeps_its_batch_norms_and_its_weights() -> None:
    net = network(Plain())
    before = net.weights_hash
    net.worker(reads=["fc"])
    assert net.weights_hash == before
    assert not folded(net)
    assert type(net.module.bn1) is nn.BatchNorm2d


def test_a_convolution_that_is_read_is_left_alone() -> None:
    net = network(Plain())
    worker = net.worker(reads=["conv2", "fc"])
    assert folded(worker) == {"bn1"}
    images = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(worker.read("conv2", images), net.read("conv2", images), rtol=1e-4, atol=1e-5)


def test_what_a_folded_convolution_gives_is_not_to_be_had_by_accident() -> None:
    worker = network(Plain()).worker(reads=["fc"])
    with pytest.raises(AddressError, match=r"conv1 is folded .* net.worker\(reads="):
        worker.read("conv1", torch.rand(1, 3, 16, 16))


@pytest.mark.parametrize(
    ("module", "reason"),
    [(Branching(), "read twice"), (Shared(), "called twice"), (Plain(OwnConvolution), "its own class")],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_where_folding_would_change_the_function_nothing_is_folded(module: nn.Module, reason: str) -> None:
    net = network(module)
    worker = net.worker(reads=["fc"])
    images = torch.rand(4, 3, 16, 16)
    torch.testing.assert_close(worker.read("fc", images), net.read("fc", images), rtol=1e-5, atol=1e-5)
    assert "bn1" not in folded(worker)


def test_a_module_that_its_owner_has_hooked_is_left_alone() -> None:
    module = Plain()
    module.conv1.register_forward_hook(lambda layer, args, output: output.clamp(max=0.1))
    net = network(module)
    worker = net.worker(reads=["fc"])
    images = torch.rand(4, 3, 16, 16)
    assert folded(worker) == {"bn2"}
    torch.testing.assert_close(worker.read("fc", images), net.read("fc", images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "count"), [("resnet18", 20), ("mobilenet_v2", 52), ("densenet121", 59)])
def test_real_architectures_agree_at_every_default_site(name: str, count: int) -> None:
    try:
        open_torchvision()
    except MissingExtraError as error:
        pytest.skip(str(error))
    module = og.load(f"torchvision:{name}", weights="none").module
    generator = torch.Generator().manual_seed(0)
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in norms:
        layer.running_mean.normal_(std=0.1, generator=generator)
        layer.running_var.uniform_(0.5, 1.5, generator=generator)
    net = Network(module, Preprocess(size=64))
    reads = net.sites().addresses()
    worker = net.worker(channels_last=True, reads=reads)
    assert len(folded(worker)) == count
    images = torch.rand(2, 3, 64, 64, generator=generator)
    with net.tap(*reads) as own, worker.tap(*reads) as its, torch.no_grad():
        net.run(images, "input")
        worker.run(images, "input")
        for address in reads:
            error = float((own[address] - its[address]).abs().max() / own[address].abs().max())
            assert error < 1e-5, address
