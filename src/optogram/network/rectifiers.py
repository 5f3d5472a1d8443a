"""The one interception of rectifiers: their values stay, their backward becomes a rule.

Modules, functions, methods, in-place forms and reused modules all end in a few functions of torch, which a
`TorchFunctionMode` sees; module hooks would miss every functional call. What it cannot see (`torch.maximum`, a product with
a mask, scripted code) is found afterwards in the graph of gradients (`rectifier_nodes.py`) and is an error, never a silent
plain gradient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.errors import InterceptionError, NotDefinedError
from optogram.network.functional import Watch
from optogram.network.rectifier_nodes import RectifierNodes, rectifier_nodes
from optogram.network.tap import Recorder, Taps, functional_path

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.wiring import Observer, Wiring

SMOOTH = {
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "elu": "ELU",
    "celu": "CELU",
    "selu": "SELU",
    "softplus": "Softplus",
}
"""Rectifiers without a corner at zero, or that are not monotone: no paper says what guided backprop is there."""

NAMES = {"relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "leaky ReLU", "prelu": "PReLU", "rrelu": "RReLU", **SMOOTH}


@dataclass(frozen=True, slots=True)
class Rectifier:
    """One call of a rectifier: what a rule may ask about it.

    `kind` is the function's name without a trailing `_`; `path` the module's, or `layer1.0.relu()` where a forward calls the
    function itself; `number` counts the calls of that path; `function` works out of place. `limits` are those of ReLU6 and hardtanh.
    """

    kind: str
    path: str
    number: int
    module: str
    function: Callable[[Tensor], Tensor]
    limits: tuple[float, float] | None = None

    @property
    def smooth(self) -> bool:
        """Whether no paper defines the rectifier rules for it."""
        return self.kind in SMOOTH

    @property
    def exact(self) -> bool:
        """Whether it is nought up to zero and has slope one from there, up to a knee if any: what the rules are written for."""
        if self.kind not in ("relu6", "hardtanh", "threshold", "clamp"):
            return self.kind == "relu"
        ends = torch.tensor([-1e9, -1.0, 0.0, 1e-3])
        return bool(torch.equal(self.function(ends), ends.clamp(min=0)))

    def backward(self, z: Float[Tensor, "..."], grad: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The plain gradient: `grad` times the rectifier's slope at `z`."""
        if self.kind == "relu":
            return torch.ops.aten.threshold_backward(grad, z, 0)  # type: ignore[no-any-return]
        if self.limits is not None:
            return torch.ops.aten.hardtanh_backward(grad, z, *self.limits)  # type: ignore[no-any-return]
        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            return torch.autograd.grad(self.function(leaf), leaf, grad)[0]

    def slope(self, z: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The rectifier's own derivative at `z`."""
        return self.backward(z, torch.ones_like(z))


Rule = Callable[[Tensor, Tensor, Rectifier], Tensor]
"""`rule(z, grad, rectifier)`: the gradient that is handed down, from the pre-activation and the gradient that comes in."""


def by_sign(rule: Rule) -> Rule:
    """Says of a rule that it asks of z only where the rectifier is open (`z > 0`, `rectifier.backward`, `rectifier.slope`).

    Of a ReLU, ReLU6 or hardtanh in place it then gets the output, which tells the same and spares a copy.
    """
    rule.by_sign = True  # type: ignore[attr-defined]
    return rule


class Interception:
    """What an active `rectified_by` has seen: reset by each run, read after it."""

    def __init__(self, network: Network, rule: Rule) -> None:
        self.network, self.rule = network, rule
        self.start(None)

    def start(self, images: Tensor | None) -> None:
        """Forgets the last run; `images` are what the network is about to be given."""
        self.images = images
        self.calls: list[Rectifier] = []
        self.counts: Counter[str] = Counter()

    def see(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for one rectifier call."""
        z = args[0] if args else kwargs.get("input")
        if not isinstance(z, Tensor) or not z.requires_grad or not torch.is_grad_enabled():
            return function(*args, **kwargs)
        rest = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
        written = function.__name__.rstrip("_") != function.__name__ or kwargs.get("inplace") is True or any(value is True for value in args)
        further = tuple(value for value in args[1:] if not isinstance(value, bool))
        path, number, module = self._where(name)
        plain: Callable[..., Tensor] = OUT_OF_PLACE.get(function.__name__, function)
        rectifier = Rectifier(name, path, number, module, lambda tensor: plain(tensor, *further, **rest), _limits(name, further, rest))
        self.calls.append(rectifier)
        return _Rectified.apply(  # type: ignore[no-untyped-call]
            z, rectifier, self.rule, (lambda: function(*args, **kwargs)) if written else None
        )

    def nodes(self, *tensors: Tensor) -> RectifierNodes:
        """The rectifiers between the images and `tensors`: those intercepted, and those that escaped."""
        return rectifier_nodes([tensor.grad_fn for tensor in tensors], None if self.images is None else self.images.grad_fn)

    def check(self, *tensors: Tensor, method: str, instead: str, generalised: bool = False) -> list[Rectifier]:
        """The rectifiers that feed `tensors`, all of them intercepted.

        Raises `InterceptionError` where one escaped, naming its module and both counts; `NotDefinedError` where there is none,
        or a smooth one unless `generalised`.
        """
        nodes = self.nodes(*tensors)
        if nodes.escaped:
            raise InterceptionError(self._escape(nodes, method, instead))
        feeding = set(map(id, nodes.intercepted))
        seen = [call for call in self.calls if id(call) in feeding]
        smooth = [call for call in seen if call.smooth]
        if smooth and not generalised:
            raise NotDefinedError(_undefined(seen, method, instead))
        if not seen:
            from optogram.network.severed import severed

            if self.images is not None and not any(tensor.requires_grad for tensor in tensors) and (cut := severed(self.network, self.images)):
                raise NotDefinedError(f"{method} follows gradients back through rectifiers, and none come back: {cut}, or use occlusion or rise")
            raise NotDefinedError(
                f"{method} is defined for rectifiers; there are 0 in this network between the target and the source, so it would be the plain "
                f"gradient. Use {instead} or gradient."
            )
        return seen

    def _where(self, name: str) -> tuple[str, int, str]:
        stack = getattr(self.network._wiring.observer, "stack", [])
        path = functional_path(stack, name)
        inside = path is None
        path = stack[-1][0] if path is None else path
        number = stack[-1][1] if inside else self.counts[path]
        self.counts[path] += 1
        return path, number, type(stack[-1][2]).__name__ if stack else ""

    def _escape(self, nodes: RectifierNodes, method: str, instead: str) -> str:
        from optogram.network.rectifier_report import survey

        total = len(nodes.intercepted) + len(nodes.escaped)
        where = survey(self.network, self.images).escapes() if self.images is not None else ""
        return (
            f"{method} must intercept every rectifier; this network computes {total} and {len(nodes.intercepted)} could be intercepted. "
            f"{where or 'Not seen: ' + ', '.join(sorted(set(nodes.escaped)))}. Write them as torch.nn.functional.relu, or use {instead}."
        )


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, rectifier: Rectifier, rule: Rule, write: Callable[[], Tensor] | None) -> Tensor:
        ctx.rectifier, ctx.rule = rectifier, rule
        told = rectifier.kind == "relu" or rectifier.limits is not None
        ctx.by_sign = write is not None and told and getattr(rule, "by_sign", False)
        ctx.z = None if ctx.by_sign else z.detach() if write is None else z.detach().clone()
        ctx.version = None if ctx.by_sign else ctx.z._version
        if write is None:
            return rectifier.function(z)
        ctx.mark_dirty(z)
        output = write()
        if ctx.by_sign:
            ctx.save_for_backward(output)
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        if ctx.by_sign:
            return ctx.rule(*ctx.saved_tensors, grad, ctx.rectifier), None, None, None
        if ctx.z._version != ctx.version:
            raise InterceptionError(
                f"{ctx.rectifier.path} rectifies a tensor that the network overwrites later, so the rule cannot see it; use gradient instead"
            )
        return ctx.rule(ctx.z, grad, ctx.rectifier), None, None, None


OUT_OF_PLACE: Mapping[str, Callable[..., Tensor]] = {
    "relu_": torch.relu,
    "clamp_": torch.clamp,
    "clip_": torch.clip,
    "clamp_min_": torch.clamp_min,
    "hardtanh_": nn.functional.hardtanh,
    "leaky_relu_": nn.functional.leaky_relu,
    "threshold_": nn.functional.threshold,
    "rrelu_": nn.functional.rrelu,
    "elu_": nn.functional.elu,
    "celu_": nn.functional.celu,
    "selu_": nn.functional.selu,
}

_NOTHING: Mapping[int, Interception] = {}
_ACTIVE: ContextVar[Mapping[int, Interception]] = ContextVar("optogram_rectifier_rules", default=_NOTHING)


@contextmanager
def intercepted(wiring: Wiring, interception: Interception) -> Iterator[None]:
    """Makes a rule hold for one network, in this thread only; a tap, or an empty one, keeps account of the module that runs."""
    token = _ACTIVE.set({**_ACTIVE.get(), id(wiring): interception})
    stackless = not isinstance(wiring.observer, Recorder)
    try:
        with wiring.watched_by(Recorder([], set(), {}, Taps({}))) if stackless else nullcontext():
            yield
    finally:
        _ACTIVE.reset(token)


@contextmanager
def unintercepted(wiring: Wiring, observer: Observer) -> Iterator[None]:
    """A plain pass in the midst of an interception, seen by `observer` instead of any tap."""
    token = _ACTIVE.set({key: value for key, value in _ACTIVE.get().items() if key != id(wiring)})
    try:
        with wiring.watched_by(observer):
            yield
    finally:
        _ACTIVE.reset(token)


@contextmanager
def rectifying(wiring: Wiring, images: Tensor) -> Iterator[None]:
    """Around one forward pass: applies the rule that holds for this network, if any."""
    interception = _ACTIVE.get().get(id(wiring))
    if interception is not None:
        interception.start(images)
    with nullcontext() if interception is None else Watch(interception.see):
        yield


def _limits(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[float, float] | None:
    if name == "relu6":
        return 0.0, 6.0
    if name != "hardtanh":
        return None
    given = {**dict(zip(("min_val", "max_val"), args, strict=False)), **kwargs}
    return float(given.get("min_val", -1.0)), float(given.get("max_val", 1.0))


def _undefined(seen: list[Rectifier], method: str, instead: str) -> str:
    counts = Counter(NAMES.get(call.kind, call.kind) for call in seen)
    smooth = [f"{counts[name]} {name}" for name in dict.fromkeys(SMOOTH.values()) if counts[name]]
    others = [f"{count} {name}" for name, count in counts.items() if name not in SMOOTH.values()]
    return (
        f"{method} is defined for rectifiers; this network has {', '.join(smooth)} and {', '.join(others) or 'no ReLU'}.\n"
        f'Use {instead}, or say rule="generalised" to get a map that no paper defines.'
    )
