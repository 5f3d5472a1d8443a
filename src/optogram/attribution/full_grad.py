"""FullGrad: the response as input-gradient and bias-gradients, layer by layer, and the map that they make together.

Srinivas & Fleuret 2019, "Full-gradient representation for neural network visualization". One forward and one backward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import to_photo
from optogram.attribution._carried import Carrier, carried, out_of_place, writes
from optogram.attribution._nodes import Tangent
from optogram.attribution._question import Answer, Question
from optogram.attribution._relevance import handed_to_photo, of_pixels
from optogram.attribution._rules import Passing, plain
from optogram.attribution._target import Places
from optogram.errors import NotDefinedError

THROUGH_THE_ORIGIN = ("relu", "leaky_relu", "prelu")


def full_grad(question: Question, *, signed: bool = False) -> Answer:
    """f(x) = x . grad + sum over layers of bias . grad, drawn: |x grad|, and |b grad| of every layer with places, each scaled to 0..1, added up.

    x is the normalised photograph. Biases are those of convolutions, with a batch norm behind one folded into it, of other norms with fixed
    statistics, and what activations add that are not straight lines through the origin (f(z) - f'(z) z): so the sum is exact on every
    network whose layers have a rule here, and a note says how exact. Scaling is over a layer, as in the authors' code; their paper writes a
    scaling per unit. Dense layers have no places and are left out of the map, as in the paper. Of a product with a gate (a sigmoid's output)
    the signal takes all.

    `signed=True` draws the terms as they are: values sum to the response less what dense layers' biases give (`base`), `delta` being what
    is missed. Bias terms stand where they arise: pixels that cannot change the response may get some. `NotDefinedError` names what has no
    rule: attention, layer norms, products of activations.
    """
    if question.source is not None:
        raise NotDefinedError(f"full_grad is a map over the photograph; for units of {question.source.address} use lrp or conductance")
    parts = [_decomposed(question, rows) for rows in question.batches(question.photographs)]
    responses, missed, base = (torch.cat([getattr(part, name) for part in parts]) for name in ("responses", "missed", "placeless"))
    places = tuple(torch.cat(term) for term in zip(*(part.places for part in parts), strict=True))
    if signed:
        values = torch.cat([part.drawn_as_it_is(question) for part in parts])
        return Answer(values, responses, places, delta=values.flatten(1).sum(dim=1) - (responses - base), base=base)
    note = f"input and bias gradients sum to the response within {float(missed.abs().max()):.1g}"
    values = torch.cat([part.drawn(question) for part in parts])
    return Answer(values, responses, places, signed=False, per_channel=False, notes=(note,))


@dataclass(frozen=True, slots=True)
class Decomposed:
    """One inner batch: x grad over the input frame, b grad of each layer with places, the sum of those without, what all of them miss."""

    rows: slice
    pixels: Float[Tensor, "row channel rows columns"]
    layers: list[Float[Tensor, "row _ _ _"]]
    placeless: Float[Tensor, "row"]
    responses: Float[Tensor, "row"]
    places: Places

    @property
    def missed(self) -> Float[Tensor, "row"]:
        """The sum of all terms less the response."""
        return sum((one.flatten(1).sum(dim=1) for one in (self.pixels, *self.layers)), self.placeless) - self.responses

    def drawn(self, question: Question) -> Float[Tensor, "row channel height width"]:
        """The paper's map: sizes, each layer's scaled to 0..1, enlarged (bilinear) and added up."""
        size = tuple(self.pixels.shape[2:])
        maps = [_scaled(one).sum(dim=1, keepdim=True) for one in (self.pixels, *self.layers)]
        whole = sum((F.interpolate(one, size=size, mode="bilinear", align_corners=False) for one in maps), torch.zeros_like(maps[0]))
        images = question.images[self.rows]
        return to_photo(question.network.preprocess, whole, tuple(images.shape[2:])).expand_as(images)

    def drawn_as_it_is(self, question: Question) -> Float[Tensor, "row channel height width"]:
        """A map with the same sum: every place shares its term evenly among the pixels above it."""
        whole, size = self.pixels, self.pixels.shape[2:]
        for one in self.layers:
            above = torch.zeros(len(one), 1, *size, dtype=one.dtype, device=one.device, requires_grad=True)
            with torch.enable_grad():
                coarse = F.adaptive_avg_pool2d(above, (one.shape[2], one.shape[3]))
                (spread,) = torch.autograd.grad(coarse, above, one.sum(dim=1, keepdim=True))
            whole = whole + spread / whole.shape[1]
        return handed_to_photo(question, self.rows, whole)


class Biases(Carrier):
    """The operator of a plain backward pass that notes, at every layer, bias times gradient."""

    def __init__(self) -> None:
        super().__init__(lambda affine: self._noting, lambda name, z, function: None, norm=self._noting)
        self.terms: list[Tensor] = []

    def _noting(self, passing: Passing) -> Tensor:
        if passing.affine.bias is not None:
            self.terms.append(passing.affine.on_units(passing.affine.bias) * passing.c)
        return plain(passing)

    def _activated(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], z: Tensor) -> Any:
        """The activation's tangent: its slope carries on, its intercept is a bias."""
        if name in THROUGH_THE_ORIGIN:
            return function(*args, **kwargs)
        rest = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
        plainly = out_of_place(function)
        with torch.enable_grad():
            leaf = z.detach().clone().requires_grad_()
            value = plainly(leaf, *args[1:], **rest)
            (slope,) = torch.autograd.grad(value.sum(), leaf)
        intercept = value.detach() - slope * leaf.detach()

        def tell(c: Tensor) -> None:
            self.terms.append(intercept * c)

        return Tangent.apply(z, slope, tell, lambda: function(*args, **kwargs), writes(function, kwargs))  # type: ignore[no-untyped-call]


def _decomposed(question: Question, rows: slice) -> Decomposed:
    biases = Biases()
    found = carried(question, rows, biases, "input", "integrated_gradients")
    pixels = of_pixels(question, found)
    placed = [term for term in biases.terms if term.ndim == 4]
    placeless = sum((term.flatten(1).sum(dim=1) for term in biases.terms if term.ndim != 4), torch.zeros_like(found.responses))
    return Decomposed(rows, pixels, placed, placeless, found.responses, found.places)


def _scaled(terms: Float[Tensor, "row _ _ _"]) -> Float[Tensor, "row _ _ _"]:
    """Sizes from 0 (the least of the layer) to 1 (the greatest); 0 where all are the same."""
    sizes = terms.abs()
    low, high = sizes.amin(dim=(1, 2, 3), keepdim=True), sizes.amax(dim=(1, 2, 3), keepdim=True)
    return torch.where(high > low, (sizes - low) / torch.where(high > low, high - low, 1.0), 0.0)
