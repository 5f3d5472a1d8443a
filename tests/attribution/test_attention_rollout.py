"""Attention rollout in the three ways that attention is written, with and without a class token, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.transformers import by_hand, transformer
from torch import nn

from optogram.attribution._attention import scaled_dot_product
from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small
from optogram.testing.unchanged import unchanged

IMAGES = photographs(3, 3, 16, 24)
WAYS = ("function", "module", "by hand")


def over_photographs(tokens: torch.Tensor) -> np.ndarray:
    return F.interpolate(tokens.reshape(-1, 1, 4, 6), size=(16, 24), mode="bilinear", align_corners=False).numpy()


@pytest.mark.parametrize("cls", [True, False])
@pytest.mark.parametrize("how", WAYS)
def test_the_product_of_the_layers(how: str, cls: bool) -> None:
    net = transformer(how, cls)
    maps, _ = by_hand(net, IMAGES, 1)
    whole = torch.eye(24 + cls)
    for one in maps:
        whole = (0.5 * one.mean(1) + 0.5 * torch.eye(24 + cls)) @ whole
    expected = over_photographs(whole[:, 0, 1:] if cls else whole.mean(1))
    found = attribute(net, IMAGES, "head:1", "attention_rollout", progress=False)
    assert np.abs(found.values[:, :1] - expected).max() < 1e-5 * expected.max()
    assert "the same for every unit" in found.notes[0]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"attn_mask": torch.rand(5, 5, generator=torch.Generator().manual_seed(1)) < 0.7},
        {"attn_mask": torch.randn(2, 1, 5, 5, generator=torch.Generator().manual_seed(1))},
        {"enable_gqa": True},
    ],
)
def test_attention_is_torchs(more: dict[str, object]) -> None:
    generator = torch.Generator().manual_seed(0)
    keys = 2 if "enable_gqa" in more else 4
    query, key, value = (torch.randn(2, heads, 5, 3, generator=generator) for heads in (4, keys, keys))
    attention, gathered = scaled_dot_product({"query": query, "key": key, "value": value, **more})
    torch.testing.assert_close(gathered, F.scaled_dot_product_attention(query, key, value, **more), equal_nan=True)
    assert attention.shape == (2, 4, 5, 5)


def test_heads_by_their_greatest_and_least() -> None:
    net = transformer()
    maps, _ = by_hand(net, IMAGES, 1)
    for heads, reduce in (("max", torch.amax), ("min", torch.amin)):
        whole = torch.eye(25)
        for one in maps:
            layer = reduce(one, 1) + torch.eye(25)
            whole = layer / layer.sum(-1, keepdim=True) @ whole
        found = attribute(net, IMAGES, "head:1", "attention_rollout", heads=heads).values[:, :1]
        expected = over_photographs(whole[:, 0, 1:])
        assert np.abs(found - expected).max() < 1e-5 * expected.max()


def test_a_neuron_of_tokens_is_its_own_start_and_layers_behind_it_do_not_count() -> None:
    net = transformer()
    maps, _ = by_hand(net, IMAGES, 1)
    expected = over_photographs((0.5 * maps[0].mean(1) + 0.5 * torch.eye(25))[:, 8, 1:])
    found = attribute(net, IMAGES, "blocks.0:3@1,1", "attention_rollout").values[:, :1]
    assert np.abs(found - expected).max() < 1e-5 * expected.max()


def test_tokens_that_are_read_together_are_the_start_together() -> None:
    net = transformer()
    maps, _ = by_hand(net, IMAGES, 1)
    layer = 0.5 * maps[0].mean(1) + 0.5 * torch.eye(25)
    asked = {
        ("blocks.0:3@1,1", "mean"): layer[:, 8],
        ("blocks.0:3", "mean"): layer.mean(1),
        ("blocks.0:3", "sum"): layer.mean(1),
        ("blocks.0:3@1,1 - blocks.0:5@2,0", "max"): (layer[:, 8] + layer[:, 13]) / 2,
    }
    for (target, reduce), tokens in asked.items():
        expected = over_photographs(tokens[:, 1:])
        found = attribute(net, IMAGES, target, "attention_rollout", reduce=reduce).values[:, :1]
        assert np.abs(found - expected).max() < 1e-5 * expected.max(), f"{target} by its {reduce}"


def test_alone_in_a_batch_and_without_a_trace() -> None:
    net = transformer("module")
    with unchanged(net.module):
        together = attribute(net, IMAGES, "head:1", "attention_rollout").values
    np.testing.assert_allclose(attribute(net, IMAGES[1], "head:1", "attention_rollout").values[0], together[1], rtol=1e-4)
    np.testing.assert_allclose(attribute(net, IMAGES, "head:1", "attention_rollout", batch_size=2).values, together, rtol=1e-4)


def test_a_unit_that_nothing_changes_is_told() -> None:
    net = transformer()
    with torch.no_grad():
        net.module.head.weight[1] = 0
    found = attribute(net, IMAGES, "head:1", "attention_rollout")
    assert found.zero.all()
    assert any("finds nothing in 3 of 3 photographs that speaks for head:1" in note for note in found.notes)


class Windows(nn.Module):
    """Attention within halves of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.attn, self.head = nn.Conv2d(3, 8, 4, stride=4), nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2).reshape(-1, 12, 8)
        return self.head(self.attn(x, x, x)[0].reshape(-1, 24, 8).mean(1))


def test_refusals() -> None:
    with pytest.raises(NotDefinedError, match="computes none. Use grad_cam or integrated_gradients"):
        attribute(small(), photographs(), "head:1", "attention_rollout")
    with pytest.raises(NotDefinedError, match="within windows"):
        attribute(Network(Windows(), Preprocess(size=(16, 24))), IMAGES, "head:1", "attention_rollout")
    with pytest.raises(NotDefinedError, match="leave source out"):
        attribute(transformer(), IMAGES, "head:1", "attention_rollout", source="blocks.0")


@pytest.mark.usefixtures("unchecked")
def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="mean, max, min"):
        attribute(transformer(), IMAGES, "head:1", "attention_rollout", heads="median")
