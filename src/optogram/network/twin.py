"""Twins: networks of the same architecture whose weights carry no learning.

`reinit` draws every parameter anew by its module's own initialisation (`redraw.py`); `shuffle` permutes the entries of every
tensor, which keeps the distribution of weights and destroys their arrangement. Both then standardise layer by layer on
photographs: batch norms get the statistics that the new weights give, and where a network has none (or only folded ones), each
affine layer's output is scaled and shifted per unit to the spread and mean that the network's own layer had, as otherwise depth
makes responses vanish or explode. Running statistics are never shuffled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram import memory
from optogram.errors import InputError, SettingError
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.network.census import AFFINE
from optogram.network.redraw import redraw, seeded

if TYPE_CHECKING:
    from optogram.network.network import Network

Kind = Literal["shuffle", "reinit"]
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
MOST_PHOTOGRAPHS = 128


@dataclass(frozen=True, slots=True)
class TwinReport:
    """How lively a twin is beside its network, per site: the share of units that vary, and the spread of responses as a ratio."""

    alive: dict[str, float]
    spread: dict[str, float]


@memory.kept()
def twin(
    network: Network, kind: Kind = "shuffle", seed: int = 0, photos: Photos | Float[Tensor, "photo channel height width"] | Any | None = None
) -> Network:
    """A network that has learned nothing: same architecture, same preprocessing, same addresses.

    `photos` (anything that `open_images` takes, or images in the input frame in 0..1; the first 128 are used) are needed where statistics are
    re-estimated: with batch norm always. Deterministic in `seed`; the user's module and the global random state are not touched.
    Costs about two forward passes of the photographs. Raises `SettingError` for an unknown kind, `InputError` without photographs.
    """
    if kind not in ("shuffle", "reinit"):
        raise SettingError(f'kind is "shuffle" or "reinit"; got "{kind}"')
    images = None if photos is None else _images(network, photos)
    copy = network.worker()
    copy.channels_last = True
    copy.name = f"{network.name}:{kind}{seed}"
    module = copy.layer("output")
    norms = [layer for layer in module.modules() if isinstance(layer, BATCH_NORMS) and layer.running_mean is not None]
    if images is None and norms:
        raise InputError(f"{network.name} has batch norms, whose statistics a twin needs anew: give photographs, as in net.twin(photos=photos)")
    with torch.no_grad(), seeded(seed):
        redraw(module) if kind == "reinit" else _shuffle(module)
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if images is not None:
            standardise(network, copy, images)
    return copy


def remeasure(copy: Network, images: Float[Tensor, "photo channel height width"]) -> None:
    """Batch norms of a private copy take their statistics from these images (input frame) anew, layer by layer; nothing without batch norms."""
    norms = [layer for layer in copy.layer("output").modules() if isinstance(layer, BATCH_NORMS) and layer.running_mean is not None]
    if norms:
        with torch.no_grad(), _measuring(norms):
            copy.run(images, "input")


def report(network: Network, other: Network, images: Float[Tensor, "photo channel height width"]) -> TwinReport:
    """How lively a twin's units are at the default sites, on these images (input frame)."""
    sites = network.sites()
    alive, spread = {}, {}
    with network.tap(*sites.addresses()) as own, other.tap(*sites.addresses()) as its, torch.no_grad():
        network.run(images, "input")
        other.run(images, "input")
        for site in sites:
            before, after = (site.places(taps[site.address]).transpose(0, 1).flatten(1) for taps in (own, its))
            alive[site.address] = float((after.amax(1) > after.amin(1)).float().mean())
            spread[site.address] = float(after.std(1).median() / before.std(1).median().clamp_min(1e-12))
    return TwinReport(alive, spread)


def _images(network: Network, photos: Photos | Tensor | Any) -> Tensor:
    photos = photos if isinstance(photos, Tensor) else open_images(photos, channels=network.channels)
    if len(photos) < 2:
        raise InputError(f"a twin's statistics need at least two photographs; got {len(photos)}")
    if isinstance(photos, Tensor):
        return photos[:MOST_PHOTOGRAPHS]
    batches = photos.batches(network.preprocess, network.channels, indices=range(min(len(photos), MOST_PHOTOGRAPHS)))
    found = [batch.images.float() / 255 for batch in batches]
    if len({tuple(images.shape[1:]) for images in found}) > 1:
        raise InputError("photographs for a twin differ in size; give the network og.Preprocess(size=...)")
    return torch.cat(found)


def _shuffle(module: nn.Module) -> None:
    """Permutes every parameter's entries; a layer's biases and a norm's scales stay within their own tensor too.

    What has more than one value comes out changed; a single number cannot.
    """
    for parameter in module.parameters():
        flat = parameter.reshape(-1).clone()
        mixed = flat
        while torch.equal(mixed, flat) and bool((flat != flat[:1]).any()):
            mixed = flat[torch.randperm(len(flat))]
        parameter.copy_(mixed.reshape(parameter.shape))


def standardise(network: Network, copy: Network, images: Tensor) -> None:
    """Layer by layer in the order of the pass: what a layer gives is standardised before the next one is looked at.

    A hook standardises in the same forward pass in which it measures, so that one pass of one large batch serves all layers.
    """
    module = copy.layer("output")
    norms = [layer for layer in module.modules() if isinstance(layer, BATCH_NORMS) and layer.running_mean is not None]
    own = [layer for layer in network.layer("output").modules() if isinstance(layer, BATCH_NORMS) and layer.running_mean is not None]
    if norms and not all(_identity(norm) for norm in own):
        with _measuring(norms):
            copy.run(images, "input")
        return
    layers = [layer for layer in module.modules() if isinstance(layer, AFFINE)]
    targets = _moments(network, images)
    names = {id(layer): path for path, layer in module.named_modules()}
    handles = [layer.register_forward_hook(_match(targets.get(names[id(layer)]))) for layer in layers]
    try:
        copy.run(images, "input")
    finally:
        for handle in handles:
            handle.remove()


def _identity(norm: Any) -> bool:
    """A batch norm that was folded into its layer upstream: statistics of a standard normal."""
    return bool(torch.allclose(norm.running_mean, torch.zeros_like(norm.running_mean)) and (norm.running_var - 1).abs().max() < 1e-3)


@contextmanager
def _measuring(norms: list[Any]) -> Iterator[None]:
    """Batch norms standardise by the batch itself and keep its statistics: exact for one batch, layer by layer."""
    kept = [(norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, norm.training = 1.0, True
    try:
        yield
    finally:
        for norm, (momentum, training) in zip(norms, kept, strict=True):
            norm.momentum, norm.training = momentum, training


def _moments(network: Network, images: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and spread over units of each affine layer's output in the network itself: one figure each a layer, no unit's own."""
    found: dict[str, tuple[Tensor, Tensor]] = {}
    stamp = (network.weights_hash, tuple(images.shape), float(images.sum()))
    if network.moments is not None and network.moments[0] == stamp:
        return network.moments[1]
    source = network.worker(channels_last=True)
    module = source.layer("output")
    handles = []
    for path, layer in module.named_modules():
        if isinstance(layer, AFFINE):

            def keep(layer: nn.Module, args: Any, output: Tensor, path: str = path) -> None:
                found[path] = _mean_and_spread(layer, output)

            handles.append(layer.register_forward_hook(keep))
    try:
        source.run(images, "input")
    finally:
        for handle in handles:
            handle.remove()
    network.moments = (stamp, found)
    return found


def _match(target: tuple[Tensor, Tensor] | None) -> Any:
    """A hook that scales and shifts each unit of a layer to a mean and the spread that are typical of the network's layer.

    A unit that is constant on these photographs is only shifted. A layer that is called again keeps what its first call gave it.
    """
    done: list[bool] = []

    def hook(layer: Any, args: Any, output: Tensor) -> Tensor | None:
        if target is None or done:
            return None
        done.append(True)
        (old, spread), (means, spreads) = _mean_and_spread(layer, output), target
        typical = spreads.median()
        scale = torch.where(spread > 1e-6 * typical, typical / spread.clamp_min(1e-30), 1.0).to(output.dtype)
        layer.weight.mul_(_along(scale, layer, layer.weight.ndim))
        if layer.bias is None:
            return output.mul_(_on_units(scale, layer, output))
        old, wanted = old.to(output.dtype), means[torch.randperm(len(means))].to(output.dtype)
        layer.bias.copy_((layer.bias - old) * scale + wanted)
        shift = _on_units(wanted - old * scale, layer, output)
        return torch.addcmul(shift, output, _on_units(scale, layer, output), out=output)  # in place: fresh memory takes longer than the sum

    return hook


def _along(scale: Tensor, layer: nn.Module, ndim: int) -> Tensor:
    """One factor a unit, shaped for the layer's weight: outputs first, but second in a transposed convolution (its groups apart)."""
    if not isinstance(layer, nn.ConvTranspose2d):
        return scale.reshape(-1, *[1] * (ndim - 1))
    if layer.groups == 1:
        return scale.reshape(1, -1, *[1] * (ndim - 2))
    apart = scale.reshape(layer.groups, 1, -1).expand(-1, layer.in_channels // layer.groups, -1)
    return apart.reshape(layer.in_channels, -1, *[1] * (ndim - 2))


def _on_units(values: Tensor, layer: nn.Module, output: Tensor) -> Tensor:
    return values if isinstance(layer, nn.Linear) else values.reshape(-1, *[1] * (output.ndim - 2))


def _mean_and_spread(layer: nn.Module, output: Tensor) -> tuple[Float[Tensor, " unit"], Float[Tensor, " unit"]]:
    """Mean and standard deviation of each unit over photographs and places.

    Maps go through the pass that a batch norm makes over its input, ten times faster than `std` over the same axes.
    """
    if output.ndim == 4 and not isinstance(layer, nn.Linear):
        mean, variance = torch.batch_norm_update_stats(output.float(), None, None, 0.0)
        count = output.numel() // output.shape[1]
        return mean, (variance * (count / max(count - 1, 1))).sqrt()
    values = output.movedim(-1 if isinstance(layer, nn.Linear) else 1, 0).flatten(1).float()
    return values.mean(1), values.std(1)
