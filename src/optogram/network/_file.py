"""`path/file.py:factory`: a function of the user's own that returns a module, or an og.Network with preprocessing and labels."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from optogram.errors import LoadError, OptogramError, unknown
from optogram.network._blame import blamed
from optogram.network._loaded import Loaded
from optogram.network._torchvision import open_torchvision
from optogram.network.network import Network


def from_file(spec: str) -> Loaded:
    """Runs the file, calls the factory without arguments, and takes what it returns; its folder is importable meanwhile."""
    text, _, factory = spec.rpartition(":")
    path = Path(text).expanduser()
    if not path.is_file():
        raise LoadError(f'a network in a file is path/file.py:factory; there is no file "{path}"')
    try:
        return unpacked(_made(path.resolve(), factory), spec, factory)
    except OptogramError:
        raise
    except Exception as error:
        raise LoadError(
            f"{spec} gives no network: {blamed(error, path.resolve().__eq__)}. Mend it, or make it yourself: og.Network(module)"
        ) from error


def _made(path: Path, factory: str) -> Any:
    try:
        return _called(path, factory)
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        open_torchvision()
        return _called(path, factory)


def unpacked(value: Any, spec: str, name: str) -> Loaded:
    """A module or a `Network` as `Loaded`."""
    if isinstance(value, Network):
        return Loaded(value.module, value.name, value.preprocess, value._labels or None)
    if isinstance(value, nn.Module):
        return Loaded(value, name)
    raise LoadError(f"{spec} gives a {type(value).__name__}; it must return a torch.nn.Module or an og.Network")


def _called(path: Path, factory: str) -> Any:
    with _importable(path.parent):
        module = _imported(path)
        made = vars(module).get(factory)
        if made is None:
            known = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
            raise LoadError(unknown("function", factory, known, where=f" in {path.name}"))
        return made if isinstance(made, nn.Module) or not callable(made) else made()


def _imported(path: Path) -> ModuleType:
    name = f"optogram_file_{path.stem}_{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
