"""Attention maps of a pass, with gradients: every softmax between tokens, by whatever function a transformer computes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.graph import GradientEdge

from optogram.attribution._cam import to_photo
from optogram.attribution._question import Answer, Question
from optogram.attribution._target import Places, Reduce, Term
from optogram.errors import NotDefinedError
from optogram.network.site import Site

INSTEAD = "Use grad_cam or integrated_gradients."
SOFTMAX: set[Callable[..., Any]] = {torch.softmax, F.softmax, Tensor.softmax}
NAMES = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa")

Maps = Float[Tensor, "row head token other"]
Mixing = Callable[[list[Maps], list[Maps]], Float[Tensor, "row token other"]]
"""`mixing(attentions, gradients)`: how much of each token is in each token at the end, layers in order."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """One inner batch: how much of each token the target drew on, and whether anything that was attended to changes it."""

    tokens: Float[Tensor, "row token"]
    fed: Bool[Tensor, "row"]
    responses: Float[Tensor, "row"]
    places: Places
    site: Site


class Attentions:
    """The operator of one pass: keeps every attention map, and where in the graph of gradients it is."""

    def __init__(self) -> None:
        self.maps: list[tuple[Tensor, Tensor | GradientEdge]] = []

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for one call of a torch function."""
        if function is F.scaled_dot_product_attention:
            return self._attend({**dict(zip(NAMES, args, strict=False)), **kwargs})
        if function is F.multi_head_attention_forward:
            return self._attend_by_heads(function, args, kwargs)
        output = function(*args, **kwargs)
        if function in SOFTMAX and output.ndim in (3, 4) and output.shape[-1] == output.shape[-2] and output.requires_grad:
            self.maps.append((output if output.ndim == 4 else output[:, None], output))
        return output

    def _attend(self, given: dict[str, Any]) -> Tensor:
        attention, output = scaled_dot_product(given)
        if attention.requires_grad:
            self.maps.append((attention, attention))
        return output

    def _attend_by_heads(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """torch's own attention, asked for its weights a head; what it hands out is a view of what it computes with."""
        wanted, averaged = kwargs.get("need_weights", True), kwargs.get("average_attn_weights", True)
        output, weights = function(*args, **{**kwargs, "need_weights": True, "average_attn_weights": False})
        if weights.ndim == 4 and weights.grad_fn is not None:
            self.maps.append((weights, GradientEdge(*weights.grad_fn.next_functions[0])))
        return output, (weights.mean(1) if averaged else weights) if wanted else None


def scaled_dot_product(
    given: dict[str, Any], product: Callable[..., Tensor] = torch.matmul, softmax: Callable[..., Tensor] = torch.softmax
) -> tuple[Maps, Float[Tensor, "row head token feature"]]:
    """Attention and what it gathers, for the arguments of torch's own function; `product` and `softmax` stand for torch's."""
    query, key, value = given["query"], given["key"], given["value"]
    if given.get("enable_gqa"):
        key, value = (part.repeat_interleave(query.shape[-3] // part.shape[-3], -3) for part in (key, value))
    scale = given.get("scale")
    scores = product(query, key.transpose(-2, -1)) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    mask = given.get("attn_mask")
    if given.get("is_causal"):
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    attention = softmax(scores, -1)
    return attention, product(attention, value)


def attended(question: Question, mixing: Mixing, notes: tuple[str, ...] = ()) -> Answer:
    """The patches that the target's token draws on, on their grid, enlarged to the photograph: a forward and a backward pass."""
    if question.source is not None:
        raise NotDefinedError(f"{question.method} is a map over the photograph's patches: leave source out")
    parts = [_mixed(question, rows, mixing) for rows in question.batches(question.photographs)]
    site = parts[0].site
    assert site.patch_grid is not None
    tokens = torch.cat([torch.where(part.fed[:, None], part.tokens, 0.0) for part in parts])
    grid = tokens[:, None, len(site.prefix) :].unflatten(2, site.patch_grid)
    values = to_photo(question.network.preprocess, grid, tuple(question.images.shape[2:])).expand_as(question.images)
    places = tuple(torch.cat(term) for term in zip(*(part.places for part in parts), strict=True))
    responses = torch.cat([part.responses for part in parts])
    return Answer(values, responses, places, signed=False, per_channel=False, site=site.address, notes=notes)


def _mixed(question: Question, rows: slice, mixing: Mixing) -> Mixed:
    seen = Attentions()
    photo = torch.arange(question.photographs, device=question.images.device)[rows]
    with torch.enable_grad(), question.network.tap(*question.target.addresses) as taps:
        with question.network.operated_by(seen):
            question.network.run(question.images[rows].detach().requires_grad_())
        responses, places = question.read(taps, photo)
        site = _token_site(question, seen, len(photo))
        ends: Any = [edge for _, edge in seen.maps]
        if not responses.requires_grad:
            raise NotDefinedError(question.unreached())
        slopes = torch.autograd.grad(responses.sum(), ends, allow_unused=True)
    maps = [attention.detach() for attention, _ in seen.maps]
    gradients = [torch.zeros_like(one) if slope is None else slope.reshape(one.shape) for one, slope in zip(maps, slopes, strict=True)]
    fed = torch.stack([gradient.flatten(1).any(dim=1) for gradient in gradients]).any(dim=0)
    mixed = mixing(maps, gradients)
    tokens = torch.einsum("bt,bto->bo", _start(question, site, places, mixed), mixed)
    return Mixed(tokens, fed, responses.detach(), places, site)


def _token_site(question: Question, seen: Attentions, rows: int) -> Site:
    """A site whose tokens are those that attend to each other, so that they can be named and put on their grid."""
    if not seen.maps:
        raise NotDefinedError(
            f"{question.method} needs attention between tokens before {question.target.text}; this network computes none. {INSTEAD}"
        )
    shapes = {(one.shape[0], one.shape[2], one.shape[3]) for one, _ in seen.maps}
    if len(shapes) > 1 or next(iter(shapes))[0] != rows:
        raise NotDefinedError(
            f"{question.method} follows the same tokens through all layers; here attention is within windows, "
            f"or tokens are merged on the way. {INSTEAD}"
        )
    count = next(iter(shapes))[1]
    for site in question.network.sites(default=False):
        grid = site.patch_grid
        if site.layout == "tokens" and grid is not None and len(site.prefix) + grid[0] * grid[1] == count:
            return site
    raise NotDefinedError(
        f"{question.method} puts {count} tokens back on a grid of patches, and this network has no site with such tokens. {INSTEAD}"
    )


def _start(question: Question, site: Site, places: Places, mixed: Tensor) -> Float[Tensor, "row token"]:
    """Whose draught it is: the tokens that the response was read from (the terms of a contrast alike), else the class token, else every patch."""
    target, count = question.target, mixed.shape[1]
    if all(term.site.layout == "tokens" for term in target.terms):
        starts = [_read_at(term, target.reduce, place, count) for term, place in zip(target.terms, places, strict=True)]
        return torch.stack(starts).mean(dim=0).to(mixed)
    weights = mixed.new_zeros(count)
    if "cls" in site.prefix:
        weights[site.prefix.index("cls")] = 1
    else:
        weights[len(site.prefix) :] = 1 / (count - len(site.prefix))
    return weights.expand(len(mixed), -1)


def _read_at(term: Term, reduce: Reduce, place: Int[Tensor, "row"], count: int) -> Float[Tensor, "row token"]:
    """A neuron's own token, or the one where the unit is greatest; all alike where the response is their mean or sum."""
    if term.unit is not None and term.unit.place is not None:
        place = torch.full_like(place, term.site.flat_place(term.unit.place))
    elif reduce != "max":
        return torch.full((len(place), count), 1 / count, device=place.device)
    return F.one_hot(place, count).float()
