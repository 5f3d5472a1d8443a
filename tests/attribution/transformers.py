"""A small transformer in the three ways that attention is written: as a function of torch, as its module, and by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

HEADS, WIDTH = 2, 8


class Block(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.norm, self.norm2 = how, nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 16), nn.GELU(), nn.Linear(16, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        if self.how == "module":
            x = x + self.attn(y, y, y, need_weights=False)[0]
        else:
            q, k, v = (
                part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in F.linear(y, self.attn.in_proj_weight, self.attn.in_proj_bias).chunk(3, -1)
            )
            if self.how == "function":
                z = F.scaled_dot_product_attention(q, k, v)
            else:
                z = torch.softmax(q @ k.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5, dim=-1) @ v
            x = x + self.attn.out_proj(z.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Patches of 4 pixels, a class token, two blocks, a head on the class token, or on the mean where there is none."""

    def __init__(self, how: str = "function", cls: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch, self.head = nn.Conv2d(3, WIDTH, 4, stride=4), nn.Linear(WIDTH, 3)
        self.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH)) if cls else None
        self.place = nn.Parameter(torch.randn(1, 24 + cls, WIDTH) * 0.3)
        self.blocks = nn.ModuleList([Block(how), Block(how)])
        for block in self.blocks:
            nn.init.normal_(block.attn.in_proj_weight, std=0.8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        if self.cls_token is not None:
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = x + self.place
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0] if self.cls_token is not None else x.mean(1))


def transformer(how: str = "function", cls: bool = True) -> Network:
    return Network(Transformer(how, cls), Preprocess(size=(16, 24)))


def by_hand(net: Network, images: Tensor, unit: int) -> tuple[list[Tensor], list[Tensor]]:
    """Attention of each layer and the response's gradient there, the blocks written out."""
    module = net.module
    x = module.patch(images).flatten(2).transpose(1, 2)
    if module.cls_token is not None:
        x = torch.cat([module.cls_token.expand(len(x), -1, -1), x], 1)
    x, maps = x + module.place, []
    for block in module.blocks:
        y = block.norm(x)
        weight, bias = block.attn.in_proj_weight.chunk(3), block.attn.in_proj_bias.chunk(3)
        q, k, v = ((y @ w.T + b).reshape(len(y), -1, HEADS, WIDTH // HEADS).permute(0, 2, 1, 3) for w, b in zip(weight, bias, strict=True))
        scores = torch.einsum("bhid,bhjd->bhij", q, k) / (WIDTH // HEADS) ** 0.5
        maps.append(scores.exp() / scores.exp().sum(-1, keepdim=True))
        z = torch.einsum("bhij,bhjd->bihd", maps[-1], v).reshape(len(y), -1, WIDTH)
        x = x + block.attn.out_proj(z)
        x = x + block.mlp(block.norm2(x))
    out = module.head(x[:, 0] if module.cls_token is not None else x.mean(1))[:, unit]
    return [one.detach() for one in maps], list(torch.autograd.grad(out.sum(), maps))
