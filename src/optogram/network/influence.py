"""Which neurons a stripe of the input can change: told by NaN, or by large random changes where an operation swallows NaN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from optogram.network.network import Network
from optogram.network.site import Site

Axis = Literal[0, 1]
Reduce = Callable[[Site, Float[Tensor, "stripe unit *grid"]], Any]
"""Makes little of much: gets NaN for each neuron that a stripe can change, any other number for the rest; a sum over an axis keeps that."""
BUDGET = 400_000
"""Pixels in one batch."""
DRAWS = 3
COARSE = {torch.bfloat16, torch.float16}
FACTORIES = {"zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "new_zeros", "new_ones", "new_full", "new_empty"}


@dataclass(frozen=True, slots=True)
class Stripe:
    """Rows (axis 0) or columns (axis 1) `first` to `last`, half-open, over the whole breadth of the image."""

    axis: Axis
    first: int
    last: int


class Influence:
    """Asks a network, for many stripes and sites at once, what each stripe can change.

    By NaN: every arithmetic operation hands it on, whatever the weights, so one pass tells. With `draws`, that many pairs of
    random images are compared instead (in double precision where far edges are to be found); what no draw excites is then
    taken to see nothing, so the units of a site answer together.

    A network of 16 bits is asked in single precision: instructions that multiply such numbers in pairs give a neighbour's NaN, times
    the nought that fills up a pair, to those who do not see it.
    """

    def __init__(self, network: Network, draws: int = 0, double: bool = True) -> None:
        self.draws = draws
        wide = torch.float64 if draws and double else torch.float32 if network.dtype in COARSE else None
        self.network = network if wide is None else network.worker(dtype=wide)

    def __call__(self, sites: Sequence[Site], size: tuple[int, int], stripes: Sequence[Stripe], reduce: Reduce) -> dict[str, np.ndarray]:
        """For each site that the network reaches at this size: `reduce` of what is influenced, joined over the stripes."""
        step = max(1, BUDGET // (size[0] * size[1]))
        parts = [self._part(sites, size, stripes[first : first + step], reduce) for first in range(0, len(stripes), step)]
        return {address: np.concatenate([part[address] for part in parts]) for address in parts[0] if all(address in part for part in parts)}

    def _part(self, sites: Sequence[Site], size: tuple[int, int], stripes: Sequence[Stripe], reduce: Reduce) -> dict[str, np.ndarray]:
        if not self.draws:
            images = _noise(self.network, 1, size, 0).expand(len(stripes), -1, -1, -1).clone()
            for image, stripe in zip(images, stripes, strict=True):
                _cut(image, stripe).fill_(torch.nan)
            return self._read(sites, images, lambda flat: flat, reduce)
        found = [self._drawn(sites, size, stripes, draw) for draw in range(self.draws)]
        changed = {site: sum(one[site.address] for one in found) for site in sites if site.address in found[0]}
        return {site.address: _array(reduce(site, _to_units(value, site.units))) for site, value in changed.items()}

    def _drawn(self, sites: Sequence[Site], size: tuple[int, int], stripes: Sequence[Stripe], draw: int) -> dict[str, np.ndarray]:
        base = _noise(self.network, 1, size, draw)[0]
        other = base + 100 * (_noise(self.network, 1, size, 1000 + draw)[0] - 0.5)
        images = base.expand(len(stripes) + 1, -1, -1, -1).clone()
        for image, stripe in zip(images[1:], stripes, strict=True):
            _cut(image, stripe).copy_(_cut(other, stripe))
        return self._read(sites, images, _differs, lambda site, marks: marks.sum(1, keepdim=True))

    def _read(self, sites: Sequence[Site], images: Tensor, judge: Callable[[Tensor], Tensor], reduce: Reduce) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}

        def look(site: Site) -> Callable[[Tensor], None]:
            def reader(tensor: Tensor) -> None:
                flat = judge(site.places(tensor))
                found[site.address] = _array(reduce(site, flat.reshape(*flat.shape[:2], *site.grid_of(tensor))))

            return reader

        deepest = max(sites, key=lambda site: site.order)
        with torch.no_grad(), _plain(images), self.network.tap(deepest.address, edits={site.address: look(site) for site in sites}):
            try:
                self.network.run(images, frame="input")
            except (RuntimeError, ValueError, AssertionError, IndexError, TypeError):
                if images.shape[-2:] == self.network.input_size:
                    raise
        return found


def swallowed(network: Network) -> str | None:
    """The first operation of a pass that takes nothing but NaN and gives none or fails, or `None`: then NaN tells the truth."""
    watch = _Swallow()
    images = torch.full((1, network.channels, *network.input_size), torch.nan)
    with torch.no_grad(), watch:
        try:
            network.run(images, frame="input")
        except RuntimeError as error:  # quantized layers look for a range among the values
            return str(error).splitlines()[0] or type(error).__name__
    return watch.found


class _Swallow(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: str | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        blind = self.found is not None or name in FACTORIES or name.startswith("__")
        before = [] if blind else [value for value in (*args, *kwargs.values()) if _number(value) and bool(value.isnan().all())]
        output = func(*args, **kwargs)
        if before and _number(output) and not bool(output.isnan().any()):
            self.found = name
        return output


def _number(value: Any) -> bool:
    return isinstance(value, Tensor) and not isinstance(value, nn.Parameter) and value.is_floating_point() and value.numel() > 0


def _to_units(marks: Any, units: int) -> Tensor:
    one = torch.from_numpy(marks)
    return one.expand(one.shape[0], units, *one.shape[2:])


def _differs(flat: Tensor) -> Tensor:
    """NaN where a row is not as the first one is."""
    scale = flat.abs().amax().clamp_min(1e-30)
    return torch.zeros_like(flat[1:]).masked_fill_((flat[1:] - flat[:1]).abs() > 500 * torch.finfo(flat.dtype).eps * scale, torch.nan)


def _noise(network: Network, count: int, size: tuple[int, int], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, network.channels, *size, generator=generator).to(network.device)


def _cut(image: Tensor, stripe: Stripe) -> Tensor:
    return image[:, stripe.first : stripe.last] if stripe.axis == 0 else image[:, :, stripe.first : stripe.last]


def _plain(images: Tensor) -> Any:
    """On a GPU, convolutions by Fourier or Winograd transforms would spread NaN beyond the field."""
    return torch.backends.cudnn.flags(enabled=False) if images.is_cuda else nullcontext()


def _array(value: Any) -> np.ndarray:
    if not isinstance(value, Tensor):
        return np.asarray(value)
    return (value.float() if value.dtype == torch.bfloat16 else value).cpu().numpy()
