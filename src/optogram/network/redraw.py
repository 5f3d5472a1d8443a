"""Parameters drawn anew, as if training had not yet begun."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_DRAWING = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global random state begins at `seed`; afterwards it is what it was.

    Modules start afresh from the global state only, which all threads share: two that draw at once take turns.
    """
    with _DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def redraw(module: nn.Module) -> None:
    """Draws every parameter of `module` anew, in place, from torch's global random state (the caller forks and seeds it).

    Each inner module uses its own `reset_parameters` (attention's input projections included). Parameters that no such method
    reaches (class tokens, position tables, layer scales, parametrised weights) are drawn from a normal distribution with
    their own mean and standard deviation; single numbers are multiplied by a factor between a half and one and a half.
    What is constant stays: it carries no learning.
    """
    done: set[int] = set()
    with torch.no_grad():
        for inner in module.modules():
            redraw_own(inner, done)


def redraw_own(module: nn.Module, done: set[int] | None = None) -> None:
    """The same for the parameters that belong to this one module, its children's left alone; `done` holds those that are drawn already."""
    done = set() if done is None else done
    own = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in done]
    if not own:
        return
    with torch.no_grad():
        before = [parameter.clone() for parameter in own]
        others = [(parameter, parameter.clone()) for parameter in module.parameters() if all(parameter is not one for one in own)]
        if reset := _reset(module):
            reset()
        for parameter, old in others:
            parameter.copy_(old)
        for parameter, old in zip(own, before, strict=True):
            if torch.equal(parameter, old):
                parameter.copy_(_like(parameter))
    done |= {id(parameter) for parameter in own}


def _reset(module: nn.Module) -> Callable[[], object] | None:
    """The module's own way of starting afresh, if it has one without arguments."""
    for name in ("reset_parameters", "_reset_parameters"):
        method = getattr(module, name, None)
        if callable(method) and getattr(getattr(method, "__code__", None), "co_argcount", 1) == 1:
            return method  # type: ignore[no-any-return]
    return None


def _like(parameter: Tensor) -> Tensor:
    if not parameter.is_floating_point():
        return parameter
    if parameter.numel() == 1:
        return parameter * (0.5 + torch.rand_like(parameter))
    spread = parameter.std()
    return parameter.mean() + spread * torch.randn_like(parameter) if spread > 0 else parameter
