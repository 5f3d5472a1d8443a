"""Which axis counts units and which places, on networks of many makes; told by the weights themselves."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from tests.network.nets import Attention
from torch import nn

from optogram.errors import MissingExtraError
from optogram.images.preprocess import Preprocess
from optogram.network._torchvision import open_torchvision
from optogram.network.load import load
from optogram.network.network import Network

try:
    open_torchvision()
except MissingExtraError as error:
    pytest.skip(str(error), allow_module_level=True)
pytest.importorskip("timm")


def swin() -> Network:
    models = open_torchvision().models
    module = models.SwinTransformer(patch_size=[4, 4], embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=7)
    return Network(module, Preprocess(size=64), name="swin")


def vit() -> Network:
    models = open_torchvision().models
    module = models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=7)
    nn.init.normal_(module.heads.head.weight)
    return Network(module, Preprocess(size=32), name="vit")


def huggingface() -> Network:
    open_torchvision()
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8, num_labels=3
    )
    return Network(transformers.AutoModelForImageClassification.from_config(config), Preprocess(size=32), name="hf")


def named(spec: str, size: int) -> Callable[[], Network]:
    return lambda: load(spec, weights="none", preprocess=Preprocess(size=size))


NETWORKS: dict[str, tuple[Callable[[], Network], dict[str, tuple[str, tuple[int, ...]]]]] = {
    "squeezenet": (named("torchvision:squeezenet1_1", 64), {"features.3": ("spatial", (15, 15)), "classifier.1": ("spatial", (3, 3))}),
    "shufflenet": (named("torchvision:shufflenet_v2_x0_5", 64), {"stage2.0": ("spatial", (8, 8)), "fc": ("vector", ())}),
    "mobilenet": (named("torchvision:mobilenet_v3_small", 64), {"features.4": ("spatial", (4, 4)), "classifier.3": ("vector", ())}),
    "efficientnet": (named("timm:test_efficientnet", 64), {"conv_stem": ("spatial", (32, 32)), "classifier": ("vector", ())}),
    "resnet": (named("timm:test_resnet", 64), {"layer1.0": ("spatial", (16, 16)), "fc": ("vector", ())}),
    "convnext": (
        named("timm:test_convnext", 64),
        {"stages.0.blocks.0": ("spatial", (16, 16)), "stages.0.blocks.0.mlp.fc1": ("channel_last", (16, 16)), "head.fc": ("vector", ())},
    ),
    "mambaout": (named("timm:test_mambaout", 64), {"stages.0": ("channel_last", (16, 16)), "stages.0.blocks.0.conv": ("spatial", (16, 16))}),
    "swin": (swin, {"features.1.0": ("channel_last", (16, 16)), "features.3.1.mlp.0": ("channel_last", (8, 8)), "head": ("vector", ())}),
    "vit": (vit, {"conv_proj": ("spatial", (4, 4)), "encoder.layers.encoder_layer_0": ("tokens", (17,)), "heads.head": ("vector", ())}),
    "timm vit": (named("timm:test_vit", 160), {"patch_embed.proj": ("spatial", (10, 10)), "blocks.0.mlp.fc1": ("tokens", (101,))}),
    "hf vit": (huggingface, {"vit.layers.0.mlp.fc1": ("tokens", (17,)), "classifier": ("vector", ())}),
    "small": (lambda: Network(Attention(), Preprocess(size=16)), {"mlp.0": ("tokens", (19,)), "attention.query": ("tokens", (19,))}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_layouts_and_which_axis_is_the_units(name: str) -> None:
    """A layer's unit u is what its row u of weights makes: another row changes that unit everywhere, and no other one."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make, expected = NETWORKS[name]
        network = make()
    for address, (layout, grid) in expected.items():
        site = network.site(address)
        assert (site.layout, site.grid) == (layout, grid), address
    images = torch.rand(2, network.channels, *network.input_size)
    affine = [site for site in network.sites() if isinstance(network.layer(site.address.partition("#")[0]), nn.Conv2d | nn.Linear)]
    assert affine
    for site in affine[:: max(1, len(affine) // 6)]:
        layer = network.module.get_submodule(site.address.partition("#")[0])
        before = site.places(network.read(site, images)).clone()
        assert before.shape == (2, site.units, site.places_count)
        unit, kept = site.units - 2, layer.weight.detach().clone()
        with torch.no_grad():
            layer.weight[unit] += torch.randn_like(layer.weight[unit])
        after = site.places(network.read(site, images))
        layer.load_state_dict({**layer.state_dict(), "weight": kept})
        difference = (after - before).abs().amax((0, 2))
        changed = difference > 1e-3 * difference.max()
        assert changed.nonzero().flatten().tolist() == [unit], site.address


@pytest.mark.parametrize("name", ["vit", "timm vit", "hf vit", "small"])
def test_patches_lie_on_the_grid_after_the_named_tokens(name: str) -> None:
    network = NETWORKS[name][0]()
    first = next(site for site in network.sites(default=False) if site.layout == "tokens" and site.prefix)
    rows, columns = first.patch_grid
    images = torch.rand(1, 3, *network.input_size)
    side = network.input_size[0] // rows
    other = images.clone()
    other[:, :, side : 2 * side, 2 * side : 3 * side] += 1
    before, after = (first.places(network.read(first, one)) for one in (images, other))
    changed = (before != after).any(1)[0].nonzero().flatten().tolist()
    assert changed == [first.flat_place((1, 2))] == [len(first.prefix) + columns + 2]
    assert first.prefix[0] == "cls"


def test_windows_are_put_back_to_their_photographs() -> None:
    """Windowed attention sees a photograph on several rows of the batch: the rows of one photograph stay together."""
    network = swin()
    windowed = [site for site in network.sites(default=False) if site.multiple > 1]
    images = torch.rand(3, 3, 64, 64)
    for site in windowed[:3]:
        whole = site.places(network.read(site, images))
        for index in range(3):
            alone = site.places(network.read(site, images[index : index + 1]))
            assert torch.allclose(whole[index], alone[0], atol=1e-5)


def test_units_first_or_last_where_the_shape_does_not_tell() -> None:
    """As many channels as rows and columns: the layer decides, not the numbers."""
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Identity())
    network = Network(module, Preprocess(size=8))
    assert {site.layout for site in network.sites(default=False) if site.address != "input"} == {"spatial"}
