"""From one recorded pass to the sites of a network: their addresses, kinds, layouts, and which of them are read by default."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from optogram.network.functional import ACTIVATIONS
from optogram.network.layout import Shape, shape_of
from optogram.network.site import Kind, Site
from optogram.network.tap import Point
from optogram.network.trace import Call, Leaf, Trace

AFFINE = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
PREFIX_TOKENS = (("cls_token", "cls"), ("class_token", "cls"), ("dist_token", "dist"))


@dataclass(frozen=True, slots=True)
class Census:
    """Every readable site by its canonical address, in the order of their ends, and where each is met in a pass."""

    sites: Mapping[str, Site]
    points: Mapping[str, Point]
    calls: Counter[str]
    outputs: Mapping[str, tuple[str, ...]]
    listed: tuple[str, ...]


def take_census(trace: Trace, modules: Mapping[str, nn.Module], labels: Mapping[str, tuple[str, ...]]) -> Census:
    """Names, kinds and default choice of every tensor that the pass showed; `labels` by site, `""` for the network's own."""
    census = _Builder(trace, modules).build()
    return _labelled(census, trace, labels)


class _Builder:
    def __init__(self, trace: Trace, modules: Mapping[str, nn.Module]) -> None:
        self.trace, self.modules = trace, modules
        self.counts = trace.counts()
        self.sites: dict[str, Site] = {}
        self.points: dict[str, Point] = {}
        self.listed: list[str] = []
        self.rectifiers = {leaf.place: call for call in trace.calls if _rectifies(call) for leaf in call.outputs[:1]}
        self.normed = {leaf.place for call in trace.calls if isinstance(call.module, NORMS) for leaf in call.inputs[:1]}
        self.final = {leaf.place for call in trace.calls if call.path == "" for leaf in call.outputs}
        self.defaults: set[tuple[int, int]] = set()
        self.patch_grid = _patch_grid(trace)
        self.prefix = _prefix_names(modules)

    def build(self) -> Census:
        self._add("input", 0, "", False, Leaf("", self.trace.image, 0, False), Call("input", 0, None, (), (), 0, 0))
        outputs = {}
        for call in self.trace.calls:
            path = call.path or "output"
            name = f"{path}#{call.call}" if self.counts[call.path] > 1 or path.endswith("()") else path
            outputs[path] = tuple(leaf.key for leaf in call.outputs)
            for leaf in call.inputs[:1]:
                self._add(name, call.call, leaf.key, True, leaf, call)
            for leaf in call.outputs:
                self._add(name, call.call, leaf.key, False, leaf, call)
        return Census(self.sites, self.points, Counter({path or "output": count for path, count in self.counts.items()}), outputs, tuple(self.listed))

    def _add(self, name: str, number: int, key: str, into: bool, leaf: Leaf, call: Call) -> None:
        shape = shape_of(leaf, call, self.trace)
        if shape is None:
            return
        several = not into and len(call.outputs) > 1
        address = f"{name}{'/' + key if several else ''}{'~in' if into else ''}"
        kind = _kind(call, leaf, self.final, self.modules, self.trace)
        before = self.rectifiers.get(leaf.place) if leaf.rectified else None
        patches, prefix = self._tokens(shape)
        site = Site(
            address=address,
            kind=kind,
            layout=shape.layout,
            units=shape.units,
            grid=shape.grid,
            order=call.began if into else call.order,
            rectified=leaf.rectified,
            default=not into and self._chosen(kind, call, leaf),
            overwritten=leaf.overwritten,
            before=None if before is None else self._input_address(before),
            affine=None if into else self._affine(call),
            patch_grid=patches,
            prefix=prefix,
            heads=self._heads(call, shape, into),
            batch_axis=shape.batch_axis,
            multiple=shape.multiple,
        )
        self.sites[address] = site
        self.points[address] = Point(call.path, number, key, into, site)
        if not into:
            self.listed.append(address)

    def _chosen(self, kind: Kind, call: Call, leaf: Leaf) -> bool:
        """Affine outputs after their normalisation, blocks, the head; a tensor that two names share is chosen once."""
        affine = isinstance(call.module, AFFINE) and leaf.place not in self.normed
        normalised = isinstance(call.module, NORMS) and self._affine(call) is not None
        loose = kind == "head" and call.path == ""
        if not (affine or normalised or kind == "block" or loose):
            return False
        return not (loose and any(site.default and site.kind == "head" for site in self.sites.values()))

    def _affine(self, call: Call) -> str | None:
        """The layer whose weights make this call's units: its own module, or the one whose output it normalises."""
        if isinstance(call.module, AFFINE):
            return call.path
        places = {leaf.place for leaf in call.inputs[:1]} if isinstance(call.module, NORMS) else set()
        before = (other for other in self.trace.calls if isinstance(other.module, AFFINE) and other.outputs and other.outputs[0].place in places)
        return next((other.path for other in before), None)

    def _input_address(self, call: Call) -> str:
        path = call.path or "output"
        return f"{path}#{call.call}~in" if self.counts[call.path] > 1 or path.endswith("()") else f"{path}~in"

    def _tokens(self, shape: Shape) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
        if shape.layout != "tokens" or self.patch_grid is None or shape.multiple > 1:
            return None, ()
        extra = shape.grid[0] - self.patch_grid[0] * self.patch_grid[1]
        if not 0 <= extra <= 16:
            return None, ()
        names = [*self.prefix[:extra]]
        names += [f"reg{index}" for index in range(extra - len(names))]
        return self.patch_grid, tuple(names)

    def _heads(self, call: Call, shape: Shape, into: bool) -> int:
        """The heads side by side in a tensor: what queries, keys and values are, one linear layer each, and what goes into the last one.

        Not what comes out of the last one, which mixes heads, nor what a fused layer gives for all three at once.
        """
        owner = call.path.rpartition(".")[0]
        heads = getattr(self.modules.get(owner), "num_heads", 0) or getattr(self.modules.get(owner), "num_attention_heads", 0)
        if not isinstance(call.module, nn.Linear) or shape.layout != "tokens" or not isinstance(heads, int) or heads < 1 or shape.units % heads:
            return 0
        linears = [other for other in self.trace.calls if isinstance(other.module, nn.Linear) and other.path.rpartition(".")[0] == owner]
        last = linears[-1] is call and len(linears) > 1
        fused = isinstance(linears[-1].module, nn.Linear) and shape.units > linears[-1].module.in_features
        return heads if last == into and not fused else 0


def _labelled(census: Census, trace: Trace, labels: Mapping[str, tuple[str, ...]]) -> Census:
    own = labels.get("", ())
    last = max((call.order for call in trace.calls if isinstance(call.module, AFFINE)), default=0)
    sites = {}
    for address, site in census.sites.items():
        named = labels.get(address) or (own if len(own) == site.units and site.order >= last and not address.endswith("~in") else None)
        sites[address] = replace(site, labels=tuple(named)) if named else site
    if own and not any(site.labels for site in sites.values()):
        heads = [f"{site.address} has {site.units}" for site in sites.values() if site.kind == "head"]
        warnings.warn(f"{len(own)} labels are given, and no output has as many units ({', '.join(heads) or 'no head'}): none is named", stacklevel=2)
    points = {address: replace(point, site=sites[address]) for address, point in census.points.items()}
    return replace(census, sites=sites, points=points)


def _kind(call: Call, leaf: Leaf, final: set[tuple[int, int]], modules: Mapping[str, nn.Module], trace: Trace) -> Kind:
    module = call.module
    if call.path == "input":
        return "input"
    if module is None or isinstance(module, ACTIVATIONS):
        return "rectifier"
    if isinstance(module, AFFINE):
        return "head" if leaf.place in final else "linear" if isinstance(module, nn.Linear) else "convolution"
    if call.path == "":
        return "head"
    if isinstance(module, NORMS):
        return "norm"
    if isinstance(module, POOLS):
        return "pool"
    return "block" if _is_block(call, leaf, modules, trace) else "other"


def _is_block(call: Call, leaf: Leaf, modules: Mapping[str, nn.Module], trace: Trace) -> bool:
    """A module with a forward of its own and at least two affine layers, in a container or directly in the network, one of several."""
    module, path = call.module, call.path
    if module is None or type(module).forward is nn.Sequential.forward or isinstance(module, nn.MultiheadAttention):
        return False
    parent = modules.get(path.rpartition(".")[0])
    siblings = sum(type(other) is type(module) for other in modules.values())
    if siblings < 2 or not (isinstance(parent, CONTAINERS) or "." not in path):
        return False
    inside = [other for other in trace.calls if isinstance(other.module, AFFINE) and other.path.startswith(path + ".")]
    pointwise = leaf.tensor.ndim == 4 and all(other.outputs[0].tensor.shape[2:] == (1, 1) for other in inside if other.outputs[0].tensor.ndim == 4)
    return len({other.path for other in inside}) >= 2 and not (pointwise and tuple(leaf.tensor.shape[2:]) != (1, 1))


def _rectifies(call: Call) -> bool:
    return call.module is None or isinstance(call.module, ACTIVATIONS)


def _patch_grid(trace: Trace) -> tuple[int, int] | None:
    """The grid of the first strided convolution of a network that then works on tokens."""
    for call in trace.calls:
        stride: Any = getattr(call.module, "stride", 1)
        if isinstance(call.module, nn.Conv2d) and max(stride if isinstance(stride, tuple) else (stride,)) > 1:
            height, width = call.outputs[0].tensor.shape[2:]
            return int(height), int(width)
    return None


def _prefix_names(modules: Mapping[str, nn.Module]) -> list[str]:
    names = [name for attribute, name in PREFIX_TOKENS if any(getattr(module, attribute, None) is not None for module in modules.values())]
    return list(dict.fromkeys(names))
