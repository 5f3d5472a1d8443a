"""Nothing that a network is used for changes the user's module; what the user changes is seen."""

from __future__ import annotations

import threading

import pytest
import torch
from tests.network.nets import Counting, Residual, settled
from torch import nn

from optogram.errors import InputError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.network.receptive_field import measure_all
from optogram.network.shadow import Shadow, weights_hash
from optogram.testing.unchanged import unchanged


def used() -> tuple[nn.Module, Network, torch.Tensor]:
    """A module in the middle of a training: modes mixed, gradients there, a hook of the user's own."""
    module = settled(Residual())
    module.train()
    module.layer[0].eval()
    module.fc.weight.requires_grad_(False)
    module(torch.rand(2, 3, 32, 32)).sum().backward()
    module.conv.register_forward_hook(lambda layer, args, output: None)
    return module, Network(module, Preprocess(size=32)), torch.rand(4, 3, 32, 32)


USES = {
    "sites": lambda network, images: str(network.sites()),
    "run": lambda network, images: network.run(images),
    "gradient": lambda network, images: network.run(images.clone().requires_grad_()).sum().backward(),
    "read": lambda network, images: network.read("layer.0.bn2", images),
    "receptive field": lambda network, images: measure_all(network, network.sites()),
    "shuffle": lambda network, images: network.twin("shuffle", 0, images).run(images),
    "reinit": lambda network, images: network.twin("reinit", 0, images).run(images),
    "worker": lambda network, images: network.worker(channels_last=True, dtype=torch.float64).run(images),
    "hash": lambda network, images: network.weights_hash,
    "wrong address": lambda network, images: network.site("nothing"),
    "wrong images": lambda network, images: network.run(images[:, :1]),
}


@pytest.mark.parametrize("use", USES)
def test_nothing_changes(use: str) -> None:
    module, network, images = used()
    state = torch.random.get_rng_state()
    with unchanged(module):
        try:
            USES[use](network, images)
        except ValueError:
            assert use.startswith("wrong")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_changes_when_it_ends_in_the_middle(error: type[BaseException]) -> None:
    module, network, images = used()
    whole = network.run(images)

    def broken(tensor: torch.Tensor) -> None:
        raise error("in the middle")

    with unchanged(module), pytest.raises(error), network.tap("fc", edits={"layer.0.bn1": broken}):
        network.run(images)
    assert torch.equal(network.run(images), whole)
    with network.tap("fc") as taps:
        assert network.run(images) is None
    assert torch.equal(taps["fc"], whole)


def test_two_threads_read_different_sites_at_once() -> None:
    module, network, images = used()
    expected = {address: network.read(address, images) for address in ("layer.0.bn2", "last")}
    wrong: list[str] = []
    start = threading.Barrier(2)

    def work(address: str, factor: float) -> None:
        start.wait()
        for _ in range(30):
            with network.tap(address, edits={"input": lambda tensor: tensor * factor}) as taps:
                network.run(images / factor, frame="input")
            if not torch.allclose(taps[address], expected[address], atol=1e-5):
                wrong.append(address)

    with unchanged(module):
        threads = [threading.Thread(target=work, args=arguments) for arguments in (("layer.0.bn2", 2.0), ("last", 0.5))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_it_evaluates_whatever_mode_the_module_is_in() -> None:
    module, network, images = used()
    assert torch.equal(network.run(images), network.run(images))
    module.eval()
    assert torch.allclose(network.run(images), module(images).detach(), atol=1e-6)
    assert not network.run(images).requires_grad


def test_buffers_that_a_module_writes_are_the_shadows_own() -> None:
    module = Counting([]).eval()
    network = Network(module, Preprocess(size=8))
    with unchanged(module):
        for _ in range(3):
            network.run(torch.rand(1, 3, 8, 8))
    assert module.seen == 0


def test_later_changes_of_the_weights_are_seen() -> None:
    module, network, images = used()
    module.eval()
    before, first = network.weights_hash, network.run(images)
    with torch.no_grad():
        module.conv.weight.mul_(2)
    second = network.run(images)
    assert not torch.equal(first, second)
    assert torch.allclose(second, module(images), atol=1e-6)
    assert network.weights_hash != before
    module.load_state_dict(settled(Residual()).state_dict())
    assert torch.allclose(network.run(images), module(images), atol=1e-6)
    module.layer[0].bn1.running_mean.add_(3)
    assert torch.allclose(network.run(images), module(images), atol=1e-6)
    module.fc = nn.Linear(6, 9)
    assert torch.allclose(network.run(images), module(images), atol=1e-6)
    module.double()
    assert torch.allclose(network.run(images.double()), module(images.double()), atol=1e-6)
    module.conv.weight.data = torch.zeros_like(module.conv.weight)
    assert torch.allclose(network.run(images.double()), module(images.double()), atol=1e-6)


def test_parameters_share_their_storage_and_a_private_copy_does_not() -> None:
    module = Residual()
    shadow, private = Shadow(module), Shadow(module, private=True)
    for mine, theirs in zip(shadow.module.parameters(), module.parameters(), strict=True):
        assert mine.data_ptr() == theirs.data_ptr()
        assert not mine.requires_grad
    assert all(a.data_ptr() != b.data_ptr() for a, b in zip(private.module.parameters(), module.parameters(), strict=True))
    assert not shadow.module.training


def test_the_hash_tells_values_names_and_types() -> None:
    def hash_of(*changes: str) -> str:
        torch.manual_seed(0)
        module = settled(Residual())
        with torch.no_grad():
            if "value" in changes:
                module.conv.weight.view(-1)[0].add_(1e-6)
            if "buffer" in changes:
                module.layer[0].bn1.running_var.view(-1)[0].add_(1e-6)
        return weights_hash(module.double() if "type" in changes else module)

    assert hash_of() == hash_of()
    assert len({hash_of(), hash_of("value"), hash_of("buffer"), hash_of("type")}) == 4
    assert len(hash_of()) == 16


def test_wrappers_are_looked_through() -> None:
    module, images = settled(Residual()), torch.rand(2, 3, 32, 32)
    for wrapped in (nn.DataParallel(module), torch.compile(module)):
        network = Network(wrapped, Preprocess(size=32))
        with unchanged(module):
            assert torch.allclose(network.run(images), module(images), atol=1e-6)
        assert network.site("layer.0.bn2")


class HalfScripted(nn.Module):
    """Layers with weights, some of them compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.inner = torch.jit.script(nn.Sequential(nn.Conv2d(5, 5, 3), nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.inner(self.conv(x)).mean((2, 3))
        return result


def test_scripted_layers_with_weights_run_and_are_followed() -> None:
    module, images = HalfScripted().eval(), torch.rand(2, 3, 16, 16)
    network = Network(module, Preprocess(size=16))
    with unchanged(module):
        assert torch.equal(network.run(images, "input"), module(images).detach())
        assert torch.allclose(network.worker(channels_last=True).run(images, "input"), module(images).detach(), atol=1e-5)
    assert all(parameter.requires_grad for parameter in module.parameters())
    with torch.no_grad():
        module.inner[0].weight.mul_(2)
    assert torch.equal(network.run(images, "input"), module(images).detach())


@pytest.mark.parametrize(
    ("module", "way_out"), [(nn.Sequential(nn.LazyConv2d(4, 3)), "run the module once"), (nn.Conv2d(3, 4, 3, device="meta"), "load_state_dict")]
)
def test_weights_without_values_are_refused(module: nn.Module, way_out: str) -> None:
    with pytest.raises(InputError, match=way_out):
        Network(module, Preprocess(size=16))
