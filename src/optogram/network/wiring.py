"""Permanent hooks on a shadow, which do nothing until an observer is active in this thread.

Hooks that stay, and dispatch on a context variable, cannot pile up, cannot be forgotten after an exception, and keep two
threads that use one network out of each other's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

_NOTHING: Mapping[int, Observer] = {}
_ACTIVE: ContextVar[Mapping[int, Observer]] = ContextVar("optogram_observers", default=_NOTHING)


@runtime_checkable
class Observer(Protocol):
    """What wants to see a forward pass: all of it, unless it has `paths`, the only ones that it wants to see."""

    def before(self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        """Called before a module runs; may exchange its arguments."""

    def after(self, path: str, module: nn.Module, output: Any) -> Any:
        """Called when a module has run; may exchange its output."""


class Wiring:
    """The hooks of one shadow. `paths` maps every name of a module, second names included, to the one it is called by."""

    def __init__(self, module: nn.Module) -> None:
        _strip(module)
        first: dict[int, str] = {}
        self.paths: dict[str, str] = {}
        for path, inner in module.named_modules(remove_duplicate=False):
            self.paths[path] = first.setdefault(id(inner), path)
        self.modules: dict[str, nn.Module] = dict(module.named_modules())
        for path, inner in self.modules.items():
            if isinstance(inner, torch.jit.ScriptModule):
                continue  # torch refuses hooks inside compiled code; what it computes is seen by the modules around it
            inner.register_forward_pre_hook(_Before(self, path), with_kwargs=True)
            inner.register_forward_hook(_After(self, path))

    @property
    def observer(self) -> Observer | None:
        """Who watches this shadow in this thread."""
        return _ACTIVE.get().get(id(self))

    @contextmanager
    def watched_by(self, observer: Observer) -> Iterator[None]:
        """Makes `observer` the one who watches, in this thread only."""
        token = _ACTIVE.set({**_ACTIVE.get(), id(self): observer})
        try:
            yield
        finally:
            _ACTIVE.reset(token)


class _Hook:
    def __init__(self, wiring: Wiring, path: str) -> None:
        self.wiring, self.path = wiring, path

    def __deepcopy__(self, memo: dict[int, Any]) -> _Hook:
        return self


class _Before(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        observer = _ACTIVE.get().get(id(self.wiring))
        return None if observer is None else observer.before(self.path, module, args, kwargs)


class _After(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        observer = _ACTIVE.get().get(id(self.wiring))
        return None if observer is None else observer.after(self.path, module, output)


def foreign_hooks(module: nn.Module) -> bool:
    """Whether somebody else's hooks are on the module."""
    return any(not isinstance(hook, _Hook) for hooks in (module._forward_hooks, module._forward_pre_hooks) for hook in hooks.values())


def unseen(modules: Iterable[nn.Module]) -> bool:
    """Whether nobody looks at what these modules are given and give: no hook but ours, and no observer for whom one of them is a point."""
    for module in modules:
        if module._backward_hooks or module._backward_pre_hooks:
            return False
        hooks: list[Any] = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
        for hook in hooks:
            observer: Any = _ACTIVE.get().get(id(hook.wiring)) if isinstance(hook, _Hook) else None
            if not isinstance(hook, _Hook) or (observer is not None and hook.path in getattr(observer, "paths", (hook.path,))):
                return False
    return True


def _strip(module: nn.Module) -> None:
    """Removes the hooks that a copied shadow brought along from the shadow it was copied from."""
    for inner in module.modules():
        for hooks, flags in ((inner._forward_hooks, ()), (inner._forward_pre_hooks, (inner._forward_pre_hooks_with_kwargs,))):
            for key in [key for key, hook in hooks.items() if isinstance(hook, _Hook)]:
                del hooks[key]
                for flag in flags:
                    flag.pop(key, None)
