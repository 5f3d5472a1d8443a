"""optogram: a microscope for vision networks.

`import optogram as og` costs next to nothing: each public name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optogram import errors as errors
    from optogram.geometry import Box as Box
    from optogram.images.preprocess import Preprocess as Preprocess

__version__ = "0.1.0"

_HOMES = {
    "Box": "optogram.geometry",
    "Preprocess": "optogram.images.preprocess",
    "errors": "optogram",
}
"""The module in which each public name is defined; a submodule's is the package itself."""

__all__ = ["Box", "Preprocess", "errors"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'optogram' has no attribute {name!r}")
    home = _HOMES[name]
    value = import_module(f"{home}.{name}") if home == __name__ else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
