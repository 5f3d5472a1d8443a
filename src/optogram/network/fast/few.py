"""Of the last convolution before a site only the units that are asked for: a picture for sixteen units needs no others of five hundred.

Only on private copies. The others come out as nought, which changes nothing where each unit goes its own way from that convolution to the site: told
by putting NaN in their place, which every operation that mixes units hands on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from optogram.network.fast.winograd import Winograd
from optogram.network.wiring import foreign_hooks

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.site import Site

AGREE = 2**-6
"""Greatest difference from the whole convolution, over the site's greatest response: a rounding or two of bfloat16."""


class Few(Winograd):
    """A convolution of which only `units` are computed and the rest is a number; without `units`, what it was before."""

    units: Int[Tensor, " unit"] | None = None
    rest = 0.0
    former: type[nn.Conv2d] = nn.Conv2d

    def forward(self, input: Tensor) -> Tensor:
        """[row, unit, height, width] of all units."""
        if self.units is None:
            return self.former.forward(self, input)
        bias = None if self.bias is None else self.bias[self.units]
        some = F.conv2d(input, self.weight[self.units], bias, self.stride, self.padding, self.dilation)
        layout = torch.channels_last if some.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        size = len(some), self.out_channels, *some.shape[2:]
        whole = torch.empty(size, dtype=some.dtype, device=some.device, memory_format=layout).fill_(self.rest)
        return whole.index_copy_(1, self.units, some)

    def only(self, units: Collection[int]) -> None:
        """From now on these, if they are few; all where they are not."""
        few = 2 * len({*units}) <= self.out_channels
        self.units = torch.tensor(sorted({*units}), device=self.weight.device) if few and units else None


def last_convolution(net: Network, site: Site, size: tuple[int, int]) -> Few | None:
    """The convolution of a private copy that runs last before a site, ready to compute few of its units; `None` where that would change others.

    Costs three passes of one image of height and width `size`.
    """
    probe = torch.rand(1, net.channels, *size, generator=torch.Generator().manual_seed(0)).to(net.device)
    ran: list[Any] = []
    convolutions = [module for module in net.layer("output").modules() if isinstance(module, nn.Conv2d)]
    handles = [module.register_forward_pre_hook(lambda module, args: ran.append(module)) for module in convolutions]
    try:
        before = _responses(net, site, probe)
    finally:
        for handle in handles:
            handle.remove()
    last = ran[-1] if ran else None
    if last is None or ran.count(last) > 1 or type(last) not in (nn.Conv2d, Winograd, Few) or foreign_hooks(last):
        return None
    if last.groups > 1 or last.padding_mode != "zeros" or last.out_channels != site.units or site.units < 2:
        return None
    if type(last) is not Few:
        last.former = type(last)
        last.__class__ = Few
    alone = all(_agree(_with(net, site, probe, last, half), before[:, half]) for half in torch.arange(site.units).tensor_split(2))
    last.units, last.rest = None, 0.0
    if not alone:
        last.__class__ = last.former
    return last if alone else None


def _with(net: Network, site: Site, probe: Tensor, last: Few, units: Tensor) -> Float[Tensor, "1 few place"]:
    last.units, last.rest = units.to(net.device), float("nan")
    return _responses(net, site, probe)[:, units]


def _responses(net: Network, site: Site, probe: Tensor) -> Float[Tensor, "1 unit place"]:
    with torch.no_grad(), net.tap(site.address) as taps:
        net.run(probe, "input")
        return site.places(taps[site.address]).float()


def _agree(one: Tensor, other: Tensor) -> bool:
    """False where either holds NaN."""
    return bool((one - other).abs().max() <= AGREE * other.abs().max())
