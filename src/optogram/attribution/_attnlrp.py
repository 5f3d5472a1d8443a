"""What attention, norms over units and products of activations hand back, carried as c = R / activation.

Achtibat et al. 2024, "AttnLRP: attention-aware layer-wise relevance propagation for transformers". In terms of c its rules are short:

- softmax s of x: R_i = x_i (R_i - s_i sum of R), the Taylor expansion at x: c passes by the plain gradient; the expansion's constant absorbs.
- a product of activations, O = A V: A and V take half each, R(A_ji) = sum over p of A_ji V_ip R_jp / (2 O_jp): c passes by half the gradient.
- a norm y = x / g(x): R(x) = R(y): g counts as a constant. Subtracting the mean and scaling are linear; the shift absorbs as biases do.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from optogram.attribution._affine import Affine
from optogram.attribution._attention import NAMES, SOFTMAX, scaled_dot_product
from optogram.attribution._carried import PRODUCTS, Carrier, Other, ungated
from optogram.attribution._nodes import Scaled, Within
from optogram.errors import NotDefinedError

Call = Callable[..., Any]
HEADS = inspect.signature(F.multi_head_attention_forward)


def product(*factors: Tensor, function: Callable[..., Tensor] = torch.matmul) -> Tensor:
    """A product of activations, each of which takes the same share; what is constant takes nothing."""
    share = 1 / max(1, sum(factor.requires_grad for factor in factors))
    return Within.apply(function, share, *factors)  # type: ignore[no-any-return, no-untyped-call]


def _softmax(x: Tensor, axis: int) -> Tensor:
    return Within.apply(lambda scores: scores.softmax(axis), 1.0, x)  # type: ignore[no-any-return, no-untyped-call]


def _softened(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x = args[0] if args else kwargs["input"]
    rest = {key: value for key, value in kwargs.items() if key != "input"}
    return Within.apply(lambda scores: function(scores, *args[1:], **rest), 1.0, x) if x.requires_grad else NotImplemented  # type: ignore[no-untyped-call]


def _multiplied(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Two activations share; a constant matrix behind an activation is a dense layer without bias."""
    first, second = (*args, *kwargs.values())[:2]
    if not (isinstance(first, Tensor) and isinstance(second, Tensor)):
        return NotImplemented
    if first.requires_grad and second.requires_grad:
        return product(first, second, function=function)
    if first.requires_grad and second.ndim == 2 and function not in PRODUCTS:
        return carrier.ruled(first, Affine("dense", second.T, None), lambda: function(*args, **kwargs))
    return NotImplemented


def _gated(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _multiplied(carrier, function, ungated(args), kwargs)


def _summed(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    equation, *factors = args
    factors = list(factors[0]) if factors and not isinstance(factors[0], Tensor) else factors
    if sum(factor.requires_grad for factor in factors) < 2:
        return NotImplemented
    return product(*factors, function=lambda *each: torch.einsum(equation, *each))


def _attend(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return scaled_dot_product({**dict(zip(NAMES, args, strict=False)), **kwargs}, product, _softmax)[1]


def _attend_by_heads(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """torch's own attention, written out: its three projections and the last one by the rule of dense layers."""
    given = HEADS.bind(*args, **kwargs)
    given.apply_defaults()
    of = given.arguments
    rows = of["query"].ndim
    if rows != 3 or of["add_zero_attn"] or any(of[name] is not None for name in ("bias_k", "bias_v", "static_k", "static_v")):
        raise NotDefinedError("attention with added keys, or without a batch, has no rule. Use integrated_gradients, or gradient.")
    separate = [of[f"{name}_proj_weight"] for name in "qkv"]
    weights = separate if of["use_separate_proj_weight"] else of["in_proj_weight"].chunk(3)
    biases = [None] * 3 if of["in_proj_bias"] is None else of["in_proj_bias"].chunk(3)
    parts = [carrier(F.linear, (of[name], *layer), {}) for name, *layer in zip(("query", "key", "value"), weights, biases, strict=True)]
    query, key, value = (part.unflatten(-1, (of["num_heads"], -1)).permute(1, 2, 0, 3) for part in parts)
    mask = _mask(of["attn_mask"], of["key_padding_mask"], query)
    attention, found = scaled_dot_product({"query": query, "key": key, "value": value, "attn_mask": mask}, product, _softmax)
    output = carrier(F.linear, (found.permute(2, 0, 1, 3).flatten(2), of["out_proj_weight"], of["out_proj_bias"]), {})
    told = attention.mean(1) if of["average_attn_weights"] else attention
    return output, told if of["need_weights"] else None


def _mask(between: Tensor | None, padding: Tensor | None, query: Tensor) -> Tensor | None:
    """What is added to the scores; torch's attention module says True where nothing is to be attended to."""

    def added(mask: Tensor) -> Tensor:
        return torch.zeros(mask.shape, dtype=query.dtype, device=query.device).masked_fill(mask, -math.inf) if mask.dtype == torch.bool else mask

    total = None if between is None else added(between)
    if total is not None and total.ndim == 3:
        total = total.unflatten(0, tuple(query.shape[:2]))
    if padding is None:
        return total
    return added(padding)[:, None, None] + (0 if total is None else total)


def _normed(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Layer, group, instance and root-mean-square norms. One with fixed statistics is declined."""
    given: dict[str, Any] = {
        **ABSENT,
        **({"eps": None} if function is F.rms_norm else {}),
        **dict(zip(ARGUMENTS[function], args, strict=False)),
        **kwargs,
    }
    x: Tensor = given["input"]
    if not x.requires_grad or given.get("use_input_stats") is False:
        return NotImplemented
    if function in BY_GROUP:
        groups = x.shape[1] if function is F.instance_norm else given["num_groups"]
        grouped, shape = x.reshape(len(x), groups, -1), (-1, *[1] * (x.ndim - 2))
    else:
        shape = tuple(given["normalized_shape"])
        grouped = x.flatten(x.ndim - len(shape))
    y = grouped - grouped.mean(-1, keepdim=True) if function is not F.rms_norm else grouped
    epsilon = torch.finfo(x.dtype).eps if given["eps"] is None else given["eps"]
    y = (y * torch.rsqrt(y.detach().square().mean(-1, keepdim=True) + epsilon)).reshape(x.shape)
    y = y if given["weight"] is None else y * given["weight"].reshape(shape)
    return y if given["bias"] is None else _shifted(carrier, y, given["bias"].reshape(shape))


def _shifted(carrier: Carrier, y: Tensor, bias: Tensor) -> Tensor:
    """Plus a shift, which absorbs its share; without biases the value takes all."""
    if carrier.biases:
        return y + bias
    kept = y.detach()
    factor = (kept + bias) / torch.where(kept < 0, kept - carrier.epsilon, kept + carrier.epsilon)
    return Scaled.apply(y, factor, lambda: y + bias, False)  # type: ignore[no-any-return, no-untyped-call]


def _to_length_one(carrier: Carrier, function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A vector over its length, which counts as a constant, as in any norm."""
    given = {"p": 2.0, "dim": 1, "eps": 1e-12, **dict(zip(("input", "p", "dim", "eps"), args, strict=False)), **kwargs}
    x: Tensor = given["input"]
    if not x.requires_grad:
        return NotImplemented
    return x / x.detach().norm(given["p"], given["dim"], keepdim=True).clamp(min=given["eps"])


ARGUMENTS: dict[Call, tuple[str, ...]] = {
    **dict.fromkeys((F.layer_norm, torch.layer_norm), ("input", "normalized_shape", "weight", "bias", "eps")),
    **dict.fromkeys((F.group_norm, torch.group_norm), ("input", "num_groups", "weight", "bias", "eps")),
    F.instance_norm: ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps"),
    F.rms_norm: ("input", "normalized_shape", "weight", "eps"),
}
ABSENT = {"weight": None, "bias": None, "eps": 1e-5}
BY_GROUP = {F.group_norm, torch.group_norm, F.instance_norm}
MATRIX: set[Call] = {torch.matmul, torch.bmm, torch.mm, Tensor.matmul, Tensor.bmm, Tensor.mm, Tensor.__matmul__}

RULES: Mapping[Call, Other] = {
    **dict.fromkeys(SOFTMAX, _softened),
    **dict.fromkeys(MATRIX, _multiplied),
    **dict.fromkeys(PRODUCTS, _gated),
    **dict.fromkeys(ARGUMENTS, _normed),
    F.normalize: _to_length_one,
    torch.einsum: _summed,
    F.scaled_dot_product_attention: _attend,
    F.multi_head_attention_forward: _attend_by_heads,
}
"""By function of torch, what stands in for it."""
