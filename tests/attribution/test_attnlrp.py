"""AttnLRP against relevances written out rule by rule, in the three ways that attention is written; conservation; whole transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.test_lrp import close, odd
from tests.attribution.transformers import HEADS, WIDTH, transformer
from torch import Tensor, nn

from optogram.attribution._attnlrp import _mask, product
from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs

IMAGE = photographs(1, 3, 16, 24).double()


class Written:
    """Relevances of one photograph's patches, by the rules of the paper and nothing else: no gradients, no carried quotients."""

    def __init__(self, net: Network) -> None:
        self.module = net.module

    def patches(self, image: Tensor, unit: int) -> np.ndarray:
        """Relevance of each token feature that the patch layer gives, from the response down."""
        module = self.module
        patches = module.patch(image).flatten(2).transpose(1, 2)[0]
        tokens = torch.cat([module.cls_token[0], patches]) if module.cls_token is not None else patches
        inputs, x = [], tokens + module.place[0]
        for block in module.blocks:
            inputs.append(x)
            x = self.block(block, x)
        read = x[0] if module.cls_token is not None else x.mean(0)
        start = torch.zeros(3, dtype=x.dtype)
        start[unit] = module.head(read)[unit]
        relevance = self.linear(read[None], module.head, start[None])[0]
        to_all = x / len(x) / read * relevance
        relevance = to_all if module.cls_token is None else torch.cat([relevance[None], torch.zeros_like(x[1:])])
        for block, before in list(zip(module.blocks, inputs, strict=True))[::-1]:
            relevance = self.back(block, before, relevance)
        relevance = tokens / (tokens + module.place[0]) * relevance
        return relevance[len(tokens) - len(patches) :].detach().numpy()

    def block(self, block: nn.Module, x: Tensor) -> Tensor:
        self.parts = self.attention(block, block.norm(x))
        x = x + self.parts["out"]
        return x + block.mlp(block.norm2(x))

    def attention(self, block: nn.Module, y: Tensor) -> dict[str, Tensor]:
        q, k, v = (self.heads(part) for part in F.linear(y, block.attn.in_proj_weight, block.attn.in_proj_bias).chunk(3, -1))
        raw = torch.einsum("hid,hjd->hij", q, k)
        scores = raw / (WIDTH // HEADS) ** 0.5
        weights = scores.softmax(-1)
        mixed = torch.einsum("hij,hjd->hid", weights, v)
        flat = mixed.transpose(0, 1).flatten(1)
        return {"q": q, "k": k, "v": v, "raw": raw, "scores": scores, "a": weights, "o": mixed, "flat": flat, "out": block.attn.out_proj(flat)}

    def back(self, block: nn.Module, x: Tensor, relevance: Tensor) -> Tensor:
        """Relevances before a block, from those behind it."""
        y = block.norm(x)
        parts = self.attention(block, y)
        middle = x + parts["out"]
        normed = block.norm2(middle)
        hidden = block.mlp[0](normed)
        given = block.mlp[2](F.gelu(hidden))
        branch = given / (middle + given) * relevance
        branch = self.linear(F.gelu(hidden), block.mlp[2], branch)  # and the activation hands on all it gets
        branch = self.linear(normed, block.mlp[0], branch)
        relevance = middle / (middle + given) * relevance + self.norm(middle, block.norm2, branch)
        branch = self.linear(parts["flat"], block.attn.out_proj, parts["out"] / middle * relevance)
        relevance = x / middle * relevance + self.norm(x, block.norm, self.mixing(block, y, parts, self.heads(branch)))
        return relevance

    def mixing(self, block: nn.Module, y: Tensor, parts: dict[str, Tensor], relevance: Tensor) -> Tensor:
        """Back through the gathering, the softmax, the scores, and the three projections."""
        q, k, v, a = parts["q"], parts["k"], parts["v"], parts["a"]
        shares = torch.einsum("hij,hjd,hid->hijd", a, v, relevance / (2 * parts["o"]))
        to_a, to_v = shares.sum(3), shares.sum(1)
        to_scores = parts["scores"] * (to_a - a * to_a.sum(-1, keepdim=True))
        shares = torch.einsum("hid,hjd,hij->hijd", q, k, to_scores / (2 * parts["raw"]))
        projected = torch.cat([self.merged(part) for part in (shares.sum(2), shares.sum(1), to_v)], -1)
        whole = F.linear(y, block.attn.in_proj_weight, block.attn.in_proj_bias)
        return y * ((projected / whole) @ block.attn.in_proj_weight)

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (HEADS, -1)).transpose(0, 1)

    def merged(self, x: Tensor) -> Tensor:
        return x.transpose(0, 1).flatten(1)

    def linear(self, a: Tensor, layer: nn.Module, relevance: Tensor) -> Tensor:
        return a * ((relevance / layer(a)) @ layer.weight)

    def norm(self, x: Tensor, layer: nn.Module, relevance: Tensor) -> Tensor:
        """The shift takes its share; what is left passes the division unchanged, and the subtraction of the mean as a linear layer."""
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / (centred.square().mean(-1, keepdim=True) + layer.eps).sqrt() * layer.weight
        relevance = scaled / (scaled + layer.bias) * relevance
        subtract = torch.eye(WIDTH, dtype=x.dtype) - 1 / WIDTH
        return x * ((relevance / centred) @ subtract)


def doubled(how: str, cls: bool = True) -> Network:
    net = transformer(how, cls)
    module = net.module.double().eval()
    for block in module.blocks:
        for norm in (block.norm, block.norm2):
            nn.init.uniform_(norm.weight, 0.5, 1.5), nn.init.normal_(norm.bias, std=0.3)
        nn.init.normal_(block.attn.in_proj_bias, std=0.3)
    return Network(module, Preprocess(size=(16, 24)))


@pytest.mark.parametrize("cls", [True, False])
@pytest.mark.parametrize("how", ["function", "module", "hand"])
def test_a_transformer_against_its_rules_written_out(how: str, cls: bool) -> None:
    """Down to what the patch layer gives, then to the pixels by the rule of convolutions."""
    torch.manual_seed(0)
    net = doubled(how, cls)
    expected = Written(net).patches(IMAGE, 1).T.reshape(1, WIDTH, 4, 6)
    found = attribute(net, IMAGE, "head:1", "lrp", source="patch", composite="epsilon", epsilon=1e-13, progress=False)
    close(found.values, expected, 1e-6)
    pixels = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon", epsilon=1e-13, progress=False)
    weight, patches = net.module.patch.weight.detach(), net.module.patch(IMAGE).detach()
    down = IMAGE * F.conv_transpose2d(torch.from_numpy(expected) / patches, weight, stride=4)
    close(pixels.values, down.numpy(), 1e-6)
    assert "constants, softmax" in pixels.notes[0]


CONSERVED = {
    "product": lambda x: x * x.roll(1, 1),
    "matmul": lambda x: (x.flatten(2) @ x.flatten(2).transpose(1, 2)).unsqueeze(-1),
    "einsum": lambda x: torch.einsum("bchw,bdhw->bcdh", x, x),
    "linear attention": lambda x: (x.flatten(2) @ x.flatten(2).transpose(1, 2) @ x.flatten(2)).unflatten(2, x.shape[2:]),
    "constant matrix": lambda x: (x.transpose(1, 3) @ torch.linspace(-1, 2, 64, dtype=x.dtype).view(8, 8)).transpose(1, 3),
    "group norm": nn.GroupNorm(2, 8),
    "instance norm": nn.InstanceNorm2d(8, affine=True),
    "layer norm": nn.Sequential(nn.Flatten(2), nn.LayerNorm(64), nn.Unflatten(2, (8, 8))),
    "rms norm": lambda x: F.rms_norm(x, (8,)),
    "length one": lambda x: F.normalize(x, dim=1),
}


@pytest.mark.parametrize("operation", CONSERVED)
def test_without_softmax_and_biases_nothing_is_lost(operation: str) -> None:
    module = CONSERVED[operation]
    torch.manual_seed(1)
    for inner in module.modules() if isinstance(module, nn.Module) else ():
        if getattr(inner, "bias", None) is not None:
            nn.init.uniform_(inner.weight, 0.5, 1.5), nn.init.normal_(inner.bias, std=0.5)
    net = odd(module)
    net = Network(net.module.double(), net.preprocess)
    with torch.no_grad():
        net.module.conv.weight *= 30
    found = attribute(net, photographs(2, 3, 8, 8).double(), "head:1", "lrp", composite="epsilon", biases=False, epsilon=1e-12)
    lost = np.abs(found.values.astype(float).sum((1, 2, 3)) - found.responses)
    assert (lost < 1e-6 * np.abs(found.values).sum((1, 2, 3))).all()


def test_norms_that_are_the_same_hand_back_the_same() -> None:
    images = photographs(2, 3, 8, 8)
    one, other = (attribute(odd(norm), images, "head:1", "lrp").values for norm in (nn.GroupNorm(1, 8), lambda x: F.layer_norm(x, x.shape[1:])))
    close(one, other)
    one, other = (attribute(odd(norm), images, "head:1", "lrp").values for norm in (nn.GroupNorm(8, 8), nn.InstanceNorm2d(8)))
    close(one, other)


def test_a_constant_factor_takes_no_share_of_a_product() -> None:
    """As of the learned queries that pool tokens: the keys take all, where two activations take half each."""
    first, second = torch.rand(2, 3, 4), torch.rand(2, 4, 5)
    leaves = [one.clone().requires_grad_() for one in (first, second)]
    alone = torch.autograd.grad(product(first, leaves[1]).sum(), leaves[1])[0]
    torch.testing.assert_close((leaves[1] * alone).sum(), (first @ second).sum())
    for leaf, slope in zip(leaves, torch.autograd.grad(product(*leaves).sum(), leaves), strict=True):
        torch.testing.assert_close((leaf * slope).sum(), (first @ second).sum() / 2)


def test_masks_between_tokens_and_of_padding_hold_together() -> None:
    torch.manual_seed(0)
    attention, x = nn.MultiheadAttention(8, 2, batch_first=True).eval(), torch.randn(2, 5, 8)
    between = torch.zeros(5, 5, dtype=torch.bool)
    between[0, 3] = between[2, :2] = True
    padding = torch.tensor([[False, False, False, False, True], [False, True, False, False, False]])
    _, expected = attention(x, x, x, attn_mask=between, key_padding_mask=padding, average_attn_weights=False)
    query, key, _ = (
        (x @ w.T + b).unflatten(2, (2, 4)).transpose(1, 2)
        for w, b in zip(*(part.chunk(3) for part in (attention.in_proj_weight, attention.in_proj_bias)), strict=True)
    )
    scores = query @ key.transpose(2, 3) / 2 + _mask(between, padding, query)
    torch.testing.assert_close(scores.softmax(-1), expected)


def test_a_mask_for_attention_in_each_writing() -> None:
    """Tokens that nobody may attend to take nothing; torch's module and its function agree."""
    torch.manual_seed(0)
    attention, head = nn.MultiheadAttention(8, 2, batch_first=True).eval(), nn.Linear(8, 3)
    hidden = torch.zeros(64, dtype=torch.bool)
    hidden[32:] = True

    class Masked(nn.Module):
        def __init__(self, how: str) -> None:
            super().__init__()
            self.conv, self.attention, self.head, self.how = nn.Conv2d(3, 8, 1), attention, head, how
            nn.init.constant_(self.conv.bias, 0.1), nn.init.normal_(self.conv.weight, generator=torch.Generator().manual_seed(0))

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x).flatten(2).transpose(1, 2)
            if self.how == "padding":
                return self.head(self.attention(x, x, x, key_padding_mask=hidden.expand(len(x), -1))[0][:, 0])
            if self.how == "pairs":
                return self.head(self.attention(x, x, x, attn_mask=hidden.expand(64, -1), need_weights=False)[0][:, 0])
            q, k, v = (
                part.unflatten(2, (2, -1)).transpose(1, 2)
                for part in F.linear(x, self.attention.in_proj_weight, self.attention.in_proj_bias).chunk(3, -1)
            )
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=~hidden.expand(64, -1))
            return self.head(self.attention.out_proj(y.transpose(1, 2).flatten(2))[:, 0])

    images = photographs(2, 3, 8, 8)
    found = [attribute(Network(Masked(how), Preprocess(size=8)), images, "head:1", "lrp").values for how in ("padding", "pairs", "function")]
    close(found[0], found[1])
    close(found[0], found[2])
    assert found[0][:, :, :4].any()
    assert not found[0][:, :, 4:].any()


def test_what_torchs_attention_can_do_beyond_has_no_rule() -> None:
    class Added(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.attention = nn.Conv2d(3, 8, 1), nn.MultiheadAttention(8, 2, batch_first=True, add_bias_kv=True)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x).flatten(2).transpose(1, 2)
            return self.attention(x, x, x, need_weights=False)[0].mean(1)

    with pytest.raises(NotDefinedError, match="added keys.* no rule"):
        attribute(Network(Added(), Preprocess(size=4)), photographs(1, 3, 4, 4), "output:1", "lrp")


def vit() -> nn.Module:
    models = pytest.importorskip("optogram.network._torchvision").open_torchvision().models
    return models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5)


def swin() -> nn.Module:
    models = pytest.importorskip("optogram.network._torchvision").open_torchvision().models
    return models.SwinTransformer(patch_size=[4, 4], embed_dim=8, depths=[2, 2], num_heads=[2, 2], window_size=[4, 4], num_classes=5)


def timm_vit() -> nn.Module:
    pytest.importorskip("optogram.network._torchvision").open_torchvision()
    return pytest.importorskip("timm.models.vision_transformer").VisionTransformer(
        img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=5
    )


@pytest.mark.parametrize("made", [vit, timm_vit, swin])
def test_transformers_of_the_libraries(made: object) -> None:
    """Every operation of theirs has a rule; the class token's way to a patch that nobody sees is closed; units have different maps."""
    torch.manual_seed(0)
    module = made().eval()
    for name, parameter in module.named_parameters():
        if "head" in name and parameter.ndim == 2:
            nn.init.normal_(parameter, std=0.5)
    images = photographs(2, 3, 32, 32)
    net = Network(module, Preprocess(size=32, mean=0.5, std=0.25))
    one, other = (attribute(net, images, f"output:{unit}", "lrp", composite="gamma", progress=False) for unit in (1, 2))
    assert np.isfinite(one.values).all()
    assert one.values.any(axis=(1, 2, 3)).all()
    assert np.abs(one.values - other.values).max() > 1e-3 * np.abs(one.values).max()
    np.testing.assert_allclose(one.responses, net.run(images)[:, 1].detach().numpy(), rtol=1e-4, atol=1e-6)
