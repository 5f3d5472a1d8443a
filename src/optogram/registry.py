"""Finds what a package offers by the names of its files, without importing them; also what others register.

A file `attribution/foo.py` that defines `foo` makes `foo` known; a distribution that declares the entry point
`foo = "their_package:foo"` in the group `optogram.attribution` does the same. Files whose names begin with an underscore
are the package's own business.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from optogram.errors import SettingError, unknown


@dataclass(frozen=True, slots=True)
class Registry:
    """What one package offers, by name.

    `package` is the dotted name, such as `optogram.attribution`; `noun` is what an error calls one entry, such as
    `attribution method`.
    """

    package: str
    noun: str

    @property
    def group(self) -> str:
        """The entry-point group that third parties use: the package's own name."""
        return self.package

    def names(self) -> list[str]:
        """Every name, sorted; nothing is imported."""
        return sorted({*self._own(), *self._foreign()})

    def get(self, name: str) -> Any:
        """The object that `name` stands for (`-` and `_` are the same); imports only its file.

        Raises `SettingError` with the nearest names if there is none.
        """
        key = name.replace("-", "_")
        if key in self._own():
            module = importlib.import_module(f"{self.package}.{key}")
            return getattr(module, key)
        foreign = self._foreign()
        if key in foreign:
            return foreign[key].load()
        raise SettingError(unknown(self.noun, name, self.names()))

    def summary(self, name: str) -> str:
        """The first line of the docstring of the file that defines `name`, read without importing it.

        What another distribution registers is not read: the line names the distribution.
        """
        key = name.replace("-", "_")
        if key in self._own():
            tree = ast.parse(_source(self._folders(), key).read_text(encoding="utf-8"))
            return (ast.get_docstring(tree) or "").partition("\n")[0]
        foreign = self._foreign()
        if key in foreign:
            distribution = foreign[key].dist
            return f"from {distribution.name if distribution else foreign[key].module}"
        raise SettingError(unknown(self.noun, name, self.names()))

    def _own(self) -> list[str]:
        return [entry.name for entry in pkgutil.iter_modules(self._folders()) if not entry.name.startswith("_")]

    def _folders(self) -> Sequence[str]:
        try:
            spec = find_spec(self.package)
        except ModuleNotFoundError:
            return ()
        return list(spec.submodule_search_locations or ()) if spec else ()

    def _foreign(self) -> dict[str, EntryPoint]:
        return {entry.name.replace("-", "_"): entry for entry in entry_points(group=self.group)}


def _source(folders: Sequence[str], key: str) -> Path:
    places = (Path(folder, tail) for folder in folders for tail in (f"{key}.py", f"{key}/__init__.py"))
    return next(place for place in places if place.exists())
