"""Weights as images: the filters of a first convolution, the templates of a linear layer on pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from optogram.errors import NonFiniteError, NotDefinedError
from optogram.network.site import Site
from optogram.result import Provenance, Result
from optogram.weights.order import sensible_order

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.network.network import Network

Scale = Literal["shared", "each"]


@dataclass(frozen=True)
class WeightImages(Result):
    """One image a unit: what the layer multiplies the pixels (0..1) with, before a constant is added.

    `values` are signed [unit, channel, height, width]; `bias` is what is added, per unit; `order` sorts the units for a sheet
    (classes as they come; filters gray before coloured, coarse before fine, by orientation; empty ones last); `empty` marks
    units whose largest weight is under a thousandth of the layer's.
    """

    units: tuple[str, ...]
    names: tuple[str, ...]
    values: Float[np.ndarray, "unit channel height width"]
    bias: Float[np.ndarray, " unit"]
    order: Int[np.ndarray, " unit"]
    empty: tuple[int, ...]
    provenance: Provenance

    ARRAYS = ("values", "bias", "order")

    def images(self, scale: Scale = "each") -> Float[np.ndarray, "unit channel height width"]:
        """The weights as pictures in 0..1: zero is middle gray, the greatest magnitude (of each unit, or of all) is the end."""
        peaks = np.abs(self.values).max(axis=(1, 2, 3), keepdims=True)
        limit = peaks.max() if scale == "shared" else peaks
        return (0.5 + 0.5 * self.values / np.where(limit == 0, 1, limit)).astype(np.float32)

    def figure(self, scale: Scale = "each") -> Image:
        """A sheet of all units in sorted order. Gray networks are drawn with blue for negative and orange for positive weights."""
        from optogram.drawing.sheet import grid

        pictures = pictures_of(self, scale)
        shared = f"one scale, limit {np.abs(self.values).max():.3g}" if scale == "shared" else "each on its own scale"
        title = f"{self.units[0].rpartition(':')[0]}: {len(self.units)} units, {shared}, zero is gray"
        ordered = [pictures[index] for index in self.order]
        captions = [self.names[index] for index in self.order] if self.names != tuple(map(str, range(len(self.names)))) else None
        return grid(ordered, captions=captions, title=title)

    def __str__(self) -> str:
        _, channels, height, width = self.values.shape
        empty = f", {len(self.empty)} empty" if self.empty else ""
        return f"{len(self.units)} weight images of {self.units[0].rpartition(':')[0]}, {height}x{width}, {channels} channels{empty}"


def pictures_of(weights: WeightImages, scale: Scale = "each") -> list[np.ndarray]:
    """uint8 pictures [height, width, 3]: colour weights as colours around gray, gray ones on the signed blue-orange scale."""
    from optogram.drawing.colour import signed

    if weights.values.shape[1] == 3:
        return [(picture.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8) for picture in weights.images(scale)]
    limits = np.abs(weights.values).max(axis=(1, 2, 3)) if scale == "each" else np.full(len(weights.values), np.abs(weights.values).max())
    return [signed(value.mean(axis=0), limit=float(limit) or 1.0) for value, limit in zip(weights.values, limits, strict=True)]


def weight_images(network: Network, site: str) -> WeightImages:
    """The weights of a layer that looks at pixels, in the space of pixels in 0..1.

    `site` is a first convolution, a linear layer on the flattened image, or the normalisation behind either, whose scale is
    then folded in (a negative scale turns a filter over). What lies between pixels and layer (the preprocessing's means and
    deviations, a network's own scaling) is part of it, so that response = sum(values * pixels) + bias exactly, away from zero
    padding. Raises `NotDefinedError` for deeper layers: their weights are no image; see `og.synthesize`.
    """
    found = network.site(site)
    path = found.affine
    module = network.layer(path) if path else None
    if path is None or not isinstance(module, nn.Conv2d | nn.Linear):
        raise NotDefinedError(f"{found.address} has no weights of its own to draw; name a convolution or a linear layer")
    kernel = _kernel(network, network.site(path), module)
    scale, shift = with_norm(network, found, path, module)
    gain, offset = _entrance(network, network.site(path), kernel.shape[1])
    kernel = kernel * scale[:, None, None, None]
    values = kernel * gain[None, :, None, None]
    bias = shift + (kernel * offset[None, :, None, None]).sum(dim=(1, 2, 3))
    pixels = values.numpy().astype(np.float32)
    if not np.isfinite(pixels).all():
        faulty = int(np.argwhere(~np.isfinite(pixels))[0, 0])
        raise NonFiniteError(f"{found.address}:{faulty} has weights that are NaN or infinite, which make no picture. Load the network's weights anew")
    peaks = np.abs(pixels).max(axis=(1, 2, 3))
    empty = tuple(int(unit) for unit in np.flatnonzero(peaks < 1e-3 * peaks.max()))
    names = found.labels or tuple(map(str, range(found.units)))
    order = np.arange(len(pixels)) if found.labels else sensible_order(pixels, empty)
    return WeightImages(
        units=tuple(f"{found.address}:{unit}" for unit in range(len(pixels))),
        names=names,
        values=pixels,
        bias=bias.numpy().astype(np.float32),
        order=order,
        empty=empty,
        provenance=Provenance("weight_images", network.name, network.weights_hash, settings={"site": found.address}),
    )


def _kernel(network: Network, site: Site, module: nn.Conv2d | nn.Linear) -> Tensor:
    """The raw weights as [unit, channel, height, width], if what the layer sees is the image itself."""
    seen = network.site(f"{site.address}~in")
    height, width = network.input_size
    weight = module.weight.detach().float().cpu()
    if isinstance(module, nn.Conv2d) and module.groups == 1 and seen.units == network.channels and seen.grid == (height, width):
        return weight
    if isinstance(module, nn.Linear) and seen.layout == "vector" and seen.units == network.channels * height * width:
        return weight.reshape(-1, network.channels, height, width)
    raise _no_image(site, seen.units)


def _entrance(network: Network, site: Site, channels: int) -> tuple[Tensor, Tensor]:
    """What each channel of the pixels is multiplied with and what is added before the layer sees it, measured on noise.

    `NotDefinedError` where the layer sees something else of the image's shape, such as the units of a 1x1 convolution.
    """
    images = torch.rand(2, network.channels, *network.input_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        seen = network.read(f"{site.address}~in", images.to(network.device), frame="input").double().cpu()
    pixels, values = (part.transpose(0, 1).reshape(channels, -1) for part in (images.double(), seen.reshape(images.shape)))
    centred = pixels - pixels.mean(dim=1, keepdim=True)
    gain = (centred * values).sum(dim=1) / centred.square().sum(dim=1)
    offset = values.mean(dim=1) - gain * pixels.mean(dim=1)
    coarse = 2 * torch.finfo(network.dtype).eps  # 0.016 in bfloat16
    atol = max(1e-4, coarse) * float(values.abs().max())
    if not torch.allclose(gain[:, None] * pixels + offset[:, None], values, rtol=max(1e-3, coarse), atol=atol):
        raise _no_image(site, seen.shape[1])
    return gain.float(), offset.float()


def _no_image(site: Site, units: int) -> NotDefinedError:
    return NotDefinedError(
        f"the weights of {site.address} are no image: it sees {units} units of the layer before it, not pixels. "
        f'Ask what drives a unit with og.synthesize(net, "{site.address}:0")'
    )


def with_norm(network: Network, site: Site, path: str, module: nn.Conv2d | nn.Linear) -> tuple[Tensor, Tensor]:
    """What a batch norm behind the layer multiplies with and adds, as one scale and shift a unit."""
    units = module.weight.shape[0]
    bias = torch.zeros(units) if module.bias is None else module.bias.detach().float().cpu()
    norm = network.layer(site.address.split("#")[0])
    if site.address == path or not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.running_mean is None or norm.running_var is None:
        return torch.ones(units), bias
    gain = torch.ones(units) if norm.weight is None else norm.weight.detach().float().cpu()
    offset = torch.zeros(units) if norm.bias is None else norm.bias.detach().float().cpu()
    scale = gain / torch.sqrt(norm.running_var.detach().float().cpu() + norm.eps)
    return scale, offset + scale * (bias - norm.running_mean.detach().float().cpu())
