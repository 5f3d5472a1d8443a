"""A backward pass with a rule at every weighted layer: what positive paths, relevance propagation and excitation share.

Weighted layers are met as they are called, whoever calls them; a batch norm behind one is folded into it, another is a layer of
its own. What is neither weighted, nor linear, nor a rectifier that a method knows is found in the graph of gradients
(`network/operations.py`) and refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._affine import Affine, affine_of, normalisation_of
from optogram.attribution._nodes import OURS, Layer, Ruled, Scaled
from optogram.attribution._question import Question, check_finite
from optogram.attribution._rules import Passing, plain
from optogram.attribution._target import Places
from optogram.attribution._through import Through, conditioned
from optogram.attribution._unruled import refuse_unruled
from optogram.errors import NotDefinedError
from optogram.network.functional import named
from optogram.network.operations import is_leaf_of

Rule = Callable[[Passing], Tensor]
Other = Callable[["Carrier", Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
Activation = Callable[[str, Tensor, Callable[[Tensor], Tensor]], Tensor | None]
"""`activation(name, z, function)`: by what c is multiplied on its way through an activation; `None` where its gradient will do."""
PRODUCTS: set[Callable[..., Any]] = {torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__, torch.multiply, torch.Tensor.multiply}
VIEWS = ("View", "Unsqueeze", "Squeeze", "Expand", "Reshape", "Permute", "Alias")
GATES = ("Sigmoid", "Hardsigmoid")


@dataclass(frozen=True, slots=True)
class Carried:
    """What arrived: c at the leaf, relevances at the inputs of first layers, and the responses of the same pass.

    `shares`: of each condition, how much of what its site carried went through its units.
    """

    leaf: Float[Tensor, "row ..."]
    c: Float[Tensor, "row ..."]
    given: list[tuple[Tensor, Tensor]]
    responses: Float[Tensor, "row"]
    places: Places
    shares: tuple[Float[Tensor, "row"], ...] = ()


class Carrier:
    """The operator of one pass: `rule_of(layer)` names the rule of each weighted layer, `activation` what passes an activation.

    `first` is the rule of layers that read the pixels themselves: it gives relevances. `bounds` are the least and the greatest pixels.
    `others` stand in for functions that are no such layers; what they decline (`NotImplemented`) goes on as usual.
    """

    def __init__(
        self,
        rule_of: Callable[[Affine], Rule],
        activation: Activation,
        first: Rule | None = None,
        bounds: tuple[Tensor, Tensor] | None = None,
        epsilon: float = 1e-6,
        biases: bool = True,
        norm: Rule = plain,
        others: Mapping[Callable[..., Any], Other] = MappingProxyType({}),
    ) -> None:
        self.rule_of, self.activation, self.first, self.norm, self.others = rule_of, activation, first, norm, others
        self.bounds, self.epsilon, self.biases = bounds, epsilon, biases
        self.sinks: list[tuple[Tensor, Tensor]] = []
        self.mixed = False

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for one call of a torch function."""
        if (other := self.others.get(function)) is not None and torch.is_grad_enabled():
            output = other(self, function, args, kwargs)
            if output is not NotImplemented:
                self.mixed = True
                return output
        x = args[0] if args else kwargs.get("input")
        if not isinstance(x, Tensor) or not torch.is_grad_enabled():
            return function(*args, **kwargs)
        layer: Layer | None = getattr(x, "_optogram_layer", None)
        written = writes(function, kwargs)
        if written and layer is not None:
            layer.keep(named(function, args, kwargs) == "relu")
        output = self._stood_in(function, args, kwargs, x)
        if written and layer is not None:
            layer.settle()
            del x._optogram_layer  # type: ignore[attr-defined]
        return output

    def _stood_in(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], x: Tensor) -> Any:
        if function in PRODUCTS:
            return function(*ungated(args), **kwargs)
        if not x.requires_grad:
            return function(*args, **kwargs)
        if name := named(function, args, kwargs):
            return self._activated(name, function, args, kwargs, x)
        if weighted := affine_of(function, args, kwargs):
            return self.ruled(*weighted, lambda: function(*args, **kwargs))
        if normed := normalisation_of(function, args, kwargs):
            x, scale, shift = normed
            before = getattr(x, "_optogram_layer", None)
            if before is not None and before.affine.foldable:
                return self.ruled(before.x, before.affine.then(scale, shift), lambda: function(*args, **kwargs))
            return self.ruled(x, Affine("scale", scale, shift, (x.ndim,)), lambda: function(*args, **kwargs))
        return function(*args, **kwargs)

    def ruled(self, x: Tensor, affine: Affine, compute: Callable[[], Tensor]) -> Tensor:
        """One weighted layer, by its rule."""
        rule, leaf = self.norm if affine.kind == "scale" else self.rule_of(affine), x
        low = high = None
        if self.first is not None and affine.kind != "scale" and is_leaf_of(x, OURS):
            rule, leaf = self.first, x.detach().requires_grad_()
            self.sinks.append((x, leaf))
            low, high = _bounds(self.bounds, x)
        layer = Layer(x, affine, lambda x, y, c: rule(Passing(affine, x, y, c, self.epsilon, self.biases, low, high)))
        output: Tensor = Ruled.apply(leaf, layer, compute)  # type: ignore[no-untyped-call]
        output._optogram_layer = layer  # type: ignore[attr-defined]
        return output

    def _activated(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], z: Tensor) -> Any:
        rest = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
        plainly = out_of_place(function)
        factor = self.activation(name, z.detach(), lambda t: plainly(t, *args[1:], **rest))
        if factor is None:
            return function(*args, **kwargs)
        return Scaled.apply(z, factor, lambda: function(*args, **kwargs), writes(function, kwargs))  # type: ignore[no-untyped-call]


def carried(question: Question, rows: slice, carrier: Carrier, frame: str, instead: str, through: Sequence[Through] = ()) -> Carried:
    """One pass over some photographs, from the pixels of `frame` or from the source. Raises `NotDefinedError` for what has no rule."""
    photo = torch.arange(question.photographs, device=question.images.device)[rows]
    images, network = question.images[rows], question.network
    with torch.no_grad():
        images = network.prepare(images) if frame == "input" else images
        leaf = images if question.source is None else network.read(question.source, images, frame=frame)  # type: ignore[arg-type]
    leaf = leaf.detach().clone().requires_grad_()
    edits = {} if question.source is None else {question.source.address: lambda raw: leaf.clone()}

    def run() -> None:
        network.run(leaf if question.source is None else images, frame)  # type: ignore[arg-type]

    with torch.enable_grad(), network.tap(*question.target.addresses, *(one.site.address for one in through), edits=edits) as taps:
        with network.operated_by(carrier):
            run()
        responses, places = question.read(taps, photo)
        refuse_unruled(question, carrier, run, taps, OURS, instead)
        if not responses.requires_grad:
            raise NotDefinedError(question.unreached())
        sinks = [sink for _, sink in carrier.sinks]
        begin, c, shares = conditioned(responses, through, taps)
        slopes: list[Tensor | None] = list(torch.autograd.grad(begin, [leaf, *sinks], c, allow_unused=True))
    arrived, given = slopes[0], [(x, found) for (x, _), found in zip(carrier.sinks, slopes[1:], strict=True) if found is not None]
    if arrived is None and not given:
        raise NotDefinedError(question.unreached())
    arrived = torch.zeros_like(leaf) if arrived is None else arrived
    for found in (arrived, *(relevance for _, relevance in given)):
        check_finite(found.flatten(1).sum(dim=1), photo, f"what {question.method} hands back from {question.target.text}")
    return Carried(leaf, arrived, given, responses.detach(), places, shares)


def ungated(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The factors of a product with a gate (what a sigmoid gave): the signal takes all, the gate counts as a constant (Arras 2019)."""
    return tuple(value.detach() if isinstance(value, Tensor) and _gate(value) else value for value in args)


def _gate(value: Tensor) -> bool:
    node = value.grad_fn
    while node is not None and node.name().startswith(VIEWS):
        node = node.next_functions[0][0]
    return node is not None and node.name().startswith(GATES)


def _bounds(bounds: tuple[Tensor, Tensor] | None, x: Tensor) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """The pixels' bounds in the shape of what the first layer reads: an image, padded or not, or all of its pixels in a row."""
    if bounds is None:
        return None, None
    low, high = bounds
    if x.ndim == 4 and x.shape[1] == low.shape[1]:
        return (low, high) if x.shape[2:] == low.shape[2:] else (low[..., :1, :1], high[..., :1, :1])
    if x[0].numel() == low.numel():
        return low.reshape(1, *x.shape[1:]), high.reshape(1, *x.shape[1:])
    raise NotDefinedError("the box rule needs a first layer that reads the image itself. Use flat or w2 for the first layer, as in first='w2'.")


def writes(function: Callable[..., Any], kwargs: dict[str, Any]) -> bool:
    """Whether a call works in place."""
    name = getattr(function, "__name__", "")
    return kwargs.get("inplace") is True or (name.endswith("_") and not name.endswith("__")) or (name.startswith("__i") and name != "__invert__")


def out_of_place(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """The same function, leaving its input as it is."""
    from optogram.network.rectifiers import OUT_OF_PLACE

    return OUT_OF_PLACE.get(getattr(function, "__name__", ""), function)
