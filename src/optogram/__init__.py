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

_HOME = {
    "Box": "optogram.geometry",
    "Preprocess": "optogram.images.preprocess",
    "errors": "optogram",
}
"""Where each public name lives: name to module. A submodule lives in the package itself."""

__all__ = ["Box", "Preprocess", "errors"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'optogram' has no attribute {name!r}")
    home = _HOME[name]
    value = import_module(f"optogram.{name}") if home == "optogram" else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
