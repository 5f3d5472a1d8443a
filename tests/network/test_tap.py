"""What is read is what was there, wherever the network later writes, and no more is computed than is needed."""

from __future__ import annotations

import pytest
import torch
from tests.network.nets import Attention, Counting, Overwriting, Residual, Several, settled
from torch import nn

from optogram.errors import AddressError, InputError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 3, 32, 32)


def cloned(module: nn.Module, path: str, images: torch.Tensor) -> torch.Tensor:
    """The oracle: a hook that copies at once."""
    found: list[torch.Tensor] = []
    handle = module.get_submodule(path).register_forward_hook(lambda layer, args, output: found.append(output.detach().clone()))
    module(images)
    handle.remove()
    return found[0]


@pytest.mark.parametrize("path", ["conv", "layer.0.bn1", "layer.0.bn2", "layer.1.bn2", "layer.0", "layer.1.down", "last", "fc"])
def test_a_read_is_the_output_as_it_was(path: str, images: torch.Tensor) -> None:
    module = settled(Residual())
    expected = cloned(module, path, images)
    network = Network(module, Preprocess(size=32))
    assert torch.allclose(network.read(path, images), expected, atol=1e-6)
    with network.tap(path, "fc") as taps:
        network.run(images)
    assert torch.allclose(taps[path], expected, atol=1e-6), "overwritten by what came after"


def test_overwritten_outputs_keep_their_negative_values(images: torch.Tensor) -> None:
    module = Overwriting().eval()
    network = Network(module, Preprocess(size=32))
    with network.tap("features.0", "features.2") as taps:
        network.run(images)
    assert network.site("features.0").overwritten
    assert taps["features.0"].min() < 0
    assert torch.allclose(taps["features.0"], cloned(module, "features.0", images))


def test_gradients_flow_through_what_was_overwritten(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    images.requires_grad_()
    with network.tap("layer.0.bn2", "fc") as taps:
        network.run(images)
    taps["layer.0.bn2"][:, 3].sum().backward()
    y = images.detach().clone().requires_grad_()
    x = torch.relu(module.conv(y))
    block = module.layer[0]
    block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))[:, 3].sum().backward()
    assert torch.allclose(images.grad, y.grad, atol=1e-5)


def test_the_pass_ends_at_the_deepest_site(images: torch.Tensor) -> None:
    calls: list[int] = []
    network = Network(Counting(calls).eval(), Preprocess(size=32))
    network.sites()
    for depth in range(4):
        calls.clear()
        with network.tap(f"layers.{depth}", "layers.0") as taps:
            assert network.run(images) is None
        assert len(calls) == depth
        assert taps[f"layers.{depth}"].shape[1] == 4
    calls.clear()
    assert network.run(images) is not None
    assert len(calls) == 4


def test_modules_called_twice_are_told_apart(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    with network.tap("layer.0.relu#0", "layer.0.relu#1", "layer.0.relu#1~in", "layer.0.relu#0~in") as taps:
        network.run(images)
    block, x = module.layer[0], torch.relu(module.conv(images))
    first = block.bn1(block.conv1(x))
    second = block.bn2(block.conv2(torch.relu(first))) + x
    for address, expected in {"relu#0~in": first, "relu#0": first.relu(), "relu#1~in": second, "relu#1": second.relu()}.items():
        assert torch.allclose(taps[f"layer.0.{address}"], expected.detach(), atol=1e-5), address


def test_functional_rectifiers(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    with network.tap("relu()#0", "relu()#0~in", "relu_()#0~in" if "relu_()#0~in" in network._points().sites else "relu()#1~in") as taps:
        network.run(images)
    before = module.conv(images).detach()
    assert torch.allclose(taps["relu()#0~in"], before, atol=1e-6)
    assert torch.allclose(taps["relu()#0"], before.relu(), atol=1e-6)
    assert taps[taps.keys()[2]].min() < 0, "rectified in place after it was read"


def test_outputs_inside_tuples_dicts_and_dataclasses(images: torch.Tensor) -> None:
    module = Several().eval()
    network = Network(module, Preprocess(size=32))
    with network.tap("pair/0", "pair/1.double", "output/states.1", "output/logits:2") as taps:
        network.run(images)
    y = module.pair.conv(images).detach()
    assert torch.allclose(taps["pair/0"], y, atol=1e-6)
    assert torch.allclose(taps["pair/1.double"], 2 * y, atol=1e-6)
    assert torch.allclose(taps["output/states.1"], y + 1, atol=1e-6)
    assert torch.allclose(taps["output/logits:2"], module(images).logits[:, 2].detach(), atol=1e-5)


def test_units_and_neurons(images: torch.Tensor) -> None:
    network = Network(settled(Residual()), Preprocess(size=32))
    with network.tap("last", "last:2", "last:2@1,3", "fc:4") as taps:
        network.run(images)
    assert torch.equal(taps["last:2"], taps["last"][:, 2])
    assert torch.equal(taps["last:2@1,3"], taps["last"][:, 2, 1, 3])
    assert taps["fc:4"].shape == (3,)


def test_heads_are_the_length_of_their_part() -> None:
    module, images = Attention().eval(), torch.rand(2, 3, 16, 16)
    network = Network(module, Preprocess(size=16))
    with network.tap("norm", "attention.proj~in:h1@cls", "attention.value:h0") as taps:
        network.run(images)
    attention, x = module.attention, taps["norm"]
    query, key, value = (layer(x)[..., 4:] for layer in (attention.query, attention.key, attention.value))
    mixed = (query @ key.transpose(1, 2) / 2).softmax(-1) @ value
    assert torch.allclose(taps["attention.proj~in:h1@cls"], mixed[:, 0].norm(dim=-1), atol=1e-5)
    assert torch.allclose(taps["attention.value:h0"], attention.value(x)[..., :4].norm(dim=-1), atol=1e-5)


def test_edits_take_the_place_of_what_was_there(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    seen = []
    with network.tap("layer.0.bn1", "fc", edits={"layer.0.bn1": lambda x: x * 0, "layer.1": lambda x: seen.append(x.shape)}) as taps:
        network.run(images)
    x = torch.relu(module.conv(images))
    block = module.layer[0]
    after = torch.relu(block.bn2(block.conv2(torch.zeros_like(x))) + x)
    expected = module.fc(torch.relu(module.last(module.layer[1](after))).mean((2, 3)))
    assert torch.allclose(taps["fc"], expected.detach(), atol=1e-5)
    assert not taps["layer.0.bn1"].any(), "a read sees the edit of its own site"
    assert seen == [torch.Size([3, 8, 8, 8])]
    assert torch.allclose(network.run(images), module(images).detach(), atol=1e-6), "the edit ended with its block"


def test_an_edit_makes_a_hidden_site_a_source(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    with network.tap("last", "fc", edits={"last": lambda x: x.detach().requires_grad_()}) as taps:
        network.run(images)
    (gradient,) = torch.autograd.grad(taps["fc"][:, 2].sum(), taps["last"])
    expected = (taps["last"] > 0) * module.fc.weight[2].reshape(1, -1, 1, 1) / taps["last"][0, 0].numel()
    assert torch.allclose(gradient, expected.detach(), atol=1e-6)


def test_edits_of_inputs_and_of_the_image(images: torch.Tensor) -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=32))
    with network.tap("fc", edits={"input": lambda x: 1 - x, "fc~in": lambda x: x + 1}) as taps:
        network.run(images)
    x = torch.relu(module.last(module.layer(torch.relu(module.conv(1 - images))))).mean((2, 3))
    assert torch.allclose(taps["fc"], module.fc(x + 1).detach(), atol=1e-5)


def test_a_tap_lasts_for_many_runs_and_shows_the_last(images: torch.Tensor) -> None:
    network = Network(settled(Residual()), Preprocess(size=32))
    with network.tap("last") as taps:
        with pytest.raises(AddressError, match="has not been read yet"):
            taps["last"]
        network.run(images)
        first = taps["last"]
        network.run(1 - images)
        assert not torch.equal(taps["last"], first)
    with pytest.raises(AddressError, match="was not tapped; this tap has last"):
        taps["conv"]


def test_frames(images: torch.Tensor) -> None:
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
    module = settled(Residual())
    network = Network(module, Preprocess(size=32, mean=mean, std=std))
    large = torch.rand(2, 3, 64, 96)
    prepared = network.prepare(large)
    assert prepared.shape == (2, 3, 32, 32)
    assert torch.allclose(network.run(large), network.run(prepared, frame="input"), atol=1e-6)
    normal = (prepared - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    assert torch.allclose(network.run(large), module(normal).detach(), atol=1e-5)
    assert network.read("conv", large, "input").shape[2:] == (32, 48)


@pytest.mark.usefixtures("unchecked")
def test_images_of_the_wrong_kind(images: torch.Tensor) -> None:
    network = Network(settled(Residual()), Preprocess(size=32), name="small")
    for told, wrong in {
        "3 channels; got 1": images[:, :1],
        r"got shape \(3, 32, 32\)": images[0],
        "divide by 255": (images * 255).byte(),
        "got list": [1],
    }.items():
        with pytest.raises(InputError, match=told):
            network.run(wrong)  # type: ignore[arg-type]


def test_gray_and_vector_networks() -> None:
    gray = Network(settled(Residual(1)), Preprocess(size=32, mean=(0.1, 0.2, 0.6), std=0.5))
    assert gray.channels == 1
    images = torch.rand(2, 1, 32, 32)
    assert torch.allclose(gray.run(images), gray.module((images - 0.3) / 0.5).detach(), atol=1e-5)
    flat = Network(nn.Sequential(nn.Linear(28 * 28, 9), nn.ReLU(), nn.Linear(9, 4)))
    assert (flat.channels, flat.input_size) == (1, (28, 28))
    assert [site.layout for site in flat.sites()] == ["vector", "vector"]
    assert flat.run(torch.rand(3, 1, 28, 28)).shape == (3, 4)
    assert flat.read("0", torch.rand(3, 1, 28, 28)).shape == (3, 9)
