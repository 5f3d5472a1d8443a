"""Twins have learned nothing, live, and leave the network alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.network.nets import LABELS, Attention, Residual, settled
from torch import Tensor, nn

from optogram.errors import InputError, SettingError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.network.redraw import redraw
from optogram.network.twin import _shuffle, report
from optogram.testing.unchanged import unchanged

KINDS = ["shuffle", "reinit"]


@pytest.fixture
def images() -> Tensor:
    return torch.rand(24, 3, 32, 32)


def parameters(network: Network) -> dict[str, Tensor]:
    return dict(network.layer("output").named_parameters())


class Folded(nn.Module):
    """Four convolutions without norms, whose batch norms were folded away where `identity` says so."""

    def __init__(self, identity: bool = False, depth: int = 8) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(depth):
            layers += [nn.Conv2d(3 if index == 0 else 8, 8, 3, padding=1, bias=not identity)]
            layers += [nn.BatchNorm2d(8)] if identity else []
            layers += [nn.ReLU()]
            nn.init.kaiming_normal_(layers[-2 - identity].weight)
        self.features, self.fc = nn.Sequential(*layers), nn.Linear(8, 5)
        for layer in layers:
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.bias, -0.2, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.features(x).mean((2, 3)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_another_and_the_network_is_as_it_was(kind: str, images: Tensor) -> None:
    for module in (settled(Residual()), Attention().eval()):
        network = Network(module, Preprocess(size=32 if isinstance(module, Residual) else 16))
        given = images if isinstance(module, Residual) else images[:, :, :16, :16]
        state = torch.random.get_rng_state()
        with unchanged(module):
            twin = network.twin(kind, 0, given)
        assert torch.equal(torch.random.get_rng_state(), state)
        mine, its = parameters(network), parameters(twin)
        assert list(mine) == list(its)
        constant = [name for name in mine if (mine[name] == mine[name].flatten()[0]).all()]
        assert all(name.startswith("norm.") for name in constant), "what is constant has learned nothing"
        assert not [name for name in mine if torch.equal(mine[name], its[name]) and name not in constant]


def test_shuffling_keeps_each_tensors_values() -> None:
    network = Network(settled(Residual()), Preprocess(size=32))
    twin = network.worker()
    with torch.no_grad():
        _shuffle(twin.layer("output"))
    for name, tensor in parameters(network).items():
        assert torch.equal(tensor.flatten().sort()[0], parameters(twin)[name].flatten().sort()[0]), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_twin(kind: str, images: Tensor) -> None:
    network = Network(settled(Residual()), Preprocess(size=32), LABELS, name="small")
    one, same, other = (network.twin(kind, seed, images) for seed in (3, 3, 4))
    assert one.weights_hash == same.weights_hash
    assert len({one.weights_hash, other.weights_hash, network.weights_hash}) == 3
    assert torch.equal(one.run(images), same.run(images))
    assert one.name == f"small:{kind}3"
    assert one.labels == network.labels
    assert one.sites().addresses() == network.sites().addresses()
    assert one.receptive_field("layer.0.bn2") == network.receptive_field("layer.0.bn2")


@pytest.mark.parametrize("kind", KINDS)
def test_batch_norms_hold_the_statistics_that_their_new_inputs_have(kind: str, images: Tensor) -> None:
    """Layer by layer: each norm's input, with all before it standardised, has the mean and variance that the norm holds."""
    network = Network(settled(Residual()), Preprocess(size=32))
    twin = network.twin(kind, 0, images)
    for path in ("layer.0.bn1", "layer.0.bn2", "layer.1.bn1", "layer.1.bn2"):
        values = twin.read(f"{path}~in", images).transpose(0, 1).flatten(1)
        norm = twin.layer(path)
        assert torch.allclose(norm.running_mean, values.mean(1), atol=2e-3), path
        assert torch.allclose(norm.running_var, values.var(1), rtol=1e-2, atol=1e-5), path
        assert not torch.allclose(norm.running_mean, network.layer(path).running_mean, atol=1e-3)
        assert not norm.training


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("identity", [False, True])
def test_deep_networks_without_norms_neither_die_nor_explode(kind: str, identity: bool, images: Tensor) -> None:
    network = Network(Folded(identity), Preprocess(size=32))
    found = report(network, network.twin(kind, 0, images), images)
    assert set(found.alive) == set(network.sites().addresses())
    assert min(found.alive.values()) > 0.9
    assert all(0.2 < ratio < 5 for ratio in found.spread.values()), found.spread
    if not identity:
        bare = report(network, network.twin("reinit", 0), images)
        assert min(bare.spread.values()) < 0.1, "without photographs depth makes responses vanish: the test would see it"


def test_a_unit_that_never_varies_does_not_explode(images: Tensor) -> None:
    module = Folded(depth=2)
    with torch.no_grad():
        module.features[0].bias[:] = -100.0
    network = Network(module, Preprocess(size=32))
    twin = network.twin("shuffle", 0, images)
    assert all(parameter.abs().max() < 1e4 for parameter in parameters(twin).values())
    assert twin.run(torch.rand(2, 3, 32, 32)).isfinite().all()


def test_what_is_needed_is_told(images: Tensor) -> None:
    network = Network(settled(Residual()), Preprocess(size=32), name="small")
    with pytest.raises(InputError, match=r"small has batch norms.*net.twin\(photos=photos\)"):
        network.twin("shuffle")
    with pytest.raises(InputError, match="at least two photographs; got 1"):
        network.twin("shuffle", photos=images[:1])


@pytest.mark.usefixtures("unchecked")
def test_kinds(images: Tensor) -> None:
    with pytest.raises(SettingError, match='kind is "shuffle" or "reinit"; got "salmon"'):
        Network(settled(Residual()), Preprocess(size=32)).twin("salmon", 0, images)  # type: ignore[arg-type]


def test_redrawing_reaches_bare_parameters_and_attentions_projections() -> None:
    module = Bare()
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    torch.manual_seed(5)
    redraw(module)
    after = {name: parameter.detach() for name, parameter in module.named_parameters()}
    same = sorted(name for name in before if torch.equal(before[name], after[name]))
    assert same == ["attention.in_proj_bias", "constant"], "these start as constants"
    assert 0.5 * before["scale"] <= after["scale"] <= 1.5 * before["scale"]
    assert after["token"].std() == pytest.approx(float(before["token"].std()), rel=0.2)
    assert after["token"].mean() == pytest.approx(float(before["token"].mean()), abs=0.3)
    assert after["attention.in_proj_weight"].abs().max() <= (6 / (16 + 48)) ** 0.5 + 1e-6, "xavier uniform, as the module itself draws it"


class Bare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token, self.scale, self.constant = nn.Parameter(3 + 2 * torch.randn(400)), nn.Parameter(torch.tensor(4.0)), nn.Parameter(torch.ones(5))
        self.attention = nn.MultiheadAttention(16, 2)
        self.weighted = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
        self.tied = nn.Linear(4, 4)
        self.again = self.tied


def test_photographs_for_a_twin_may_be_anything_that_opens(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (6, 32, 32, 3), np.uint8)
    for number, one in enumerate(pixels):
        Image.fromarray(one).save(tmp_path / f"{number}.png")
    network = Network(settled(Residual()), Preprocess(size=32))
    named, opened = network.twin(photos=str(tmp_path)), network.twin(photos=open_images(tmp_path))
    assert named.weights_hash == opened.weights_hash == network.twin(photos=tmp_path).weights_hash
    with pytest.raises(InputError, match="two photographs"):
        network.twin(photos=pixels[:1])
