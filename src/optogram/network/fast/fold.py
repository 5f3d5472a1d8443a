"""Batch norms folded into the convolutions before them: the same function for a third to a half of the work.

In `eval()` a batch norm is x s + t per unit, with s = weight / sqrt(running_var + eps) and t = bias - running_mean s, and so is
one with the convolution that feeds it: weights times s, bias times s plus t. Only on private copies; what the convolution itself
gives can then no longer be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from optogram.network.wiring import foreign_hooks

if TYPE_CHECKING:
    from optogram.network.network import Network

AGREE = 1e-4
"""Greatest difference from the unfolded network on noise, over the site's greatest response."""


class Folded(nn.Identity):
    """A batch norm whose work its convolution does; it keeps its parameters, its hooks and its place."""


def fold_norms(net: Network, reads: Collection[str]) -> frozenset[str]:
    """Folds what can be folded in a private copy of which only the sites `reads` will be read; gives the paths not to be read any more.

    A convolution is left alone if it or its batch norm is of a class of its own, shares weights, runs more than once, is hooked
    by its owner, or is read. The copy is then compared with itself before, on noise at the sites read; where they differ
    (something else reads the convolution) everything is put back. Costs two passes of one image.
    """
    modules = {path: module for path, module in net.layer("output").named_modules() if path}
    pairs = foldable(net, modules, reads)
    if not pairs:
        return frozenset()
    before = responses(net, reads)
    unfolded = [_fold(modules[convolution], modules[norm]) for convolution, norm in pairs]
    if agree(responses(net, reads), before):
        return frozenset(convolution for convolution, _ in pairs)
    for (convolution, norm), (weight, bias) in zip(pairs, unfolded, strict=True):
        modules[convolution].weight, modules[convolution].bias = weight, bias
        modules[norm].__class__ = nn.BatchNorm2d
    return frozenset()


def foldable(net: Network, modules: Mapping[str, nn.Module], reads: Collection[str]) -> list[tuple[str, str]]:
    """Paths of convolutions and of the batch norms that they feed."""
    read = {net.site(address).address for address in reads}
    owners = Counter(id(parameter) for module in modules.values() for parameter in module.parameters(recurse=False))
    single = {site.address for site in net.sites(default=False)}
    found = []
    for site in net.sites(default=False):
        path = site.affine or ""
        norm, convolution = modules.get(site.address), modules.get(path)
        if type(norm) is not nn.BatchNorm2d or type(convolution) is not nn.Conv2d or path in read or path not in single:
            continue
        own = all(owners[id(parameter)] == 1 for layer in (norm, convolution) for parameter in layer.parameters())
        plain = norm.running_var is not None and "weight" in convolution._parameters
        if own and plain and not foreign_hooks(norm) and not foreign_hooks(convolution):
            found.append((path, site.address))
    return found


def _fold(convolution: Any, norm: Any) -> tuple[nn.Parameter, nn.Parameter | None]:
    """Folds in place, computed in double precision; gives the convolution's parameters as they were."""
    weight, bias = convolution.weight, convolution.bias
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    scale = scale if norm.weight is None else scale * norm.weight.double()
    shift = (0.0 if bias is None else bias.double()) - norm.running_mean.double()
    shift = shift * scale + (0.0 if norm.bias is None else norm.bias.double())
    convolution.weight = nn.Parameter((weight.double() * scale.reshape(-1, 1, 1, 1)).to(weight.dtype), requires_grad=False)
    convolution.bias = nn.Parameter(shift.to(weight.dtype), requires_grad=False)
    norm.__class__ = Folded
    return weight, bias


def responses(net: Network, reads: Collection[str], gradients: bool = False) -> dict[str, Tensor]:
    """Of the sites to noise, in a pass as it is with `gradients` or without."""
    probe = torch.rand(1, net.channels, *net.input_size, generator=torch.Generator().manual_seed(0)).to(net.device)
    with torch.set_grad_enabled(gradients), net.tap(*reads) as taps:
        net.run(probe.to(net.dtype), "input")
        return {address: taps[address].detach().clone() for address in reads}


def agree(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> bool:
    """Whether all sites say the same, to rounding."""
    return all(bool((found[address] - one).abs().max() <= AGREE * one.abs().max()) for address, one in expected.items())
