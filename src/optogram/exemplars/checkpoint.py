"""A sweep on disk while it runs, so that it may be interrupted at any moment, even by SIGKILL, and goes on to the same result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from optogram.errors import StaleError
from optogram.exemplars.lists import Lists
from optogram.exemplars.tally import Tally

PANEL, LISTS = "panel.safetensors", "lists.safetensors"
ABOUT = "about"
"""The array that holds everything that is no array, as JSON."""


@dataclass(frozen=True)
class Progressed:
    """How far a sweep has come: `done` photographs of its course, the tally over those that were finite, and what was left out.

    `sizes` are heights and widths of the photographs seen, 0 for the others; `left_out` maps numbers to (identity, reason).
    """

    done: int
    tally: Tally
    sizes: np.ndarray
    left_out: dict[int, tuple[str, str]]
    grids: dict[str, tuple[int, int]]


class Checkpoint:
    """A folder with two files. `panel` is written before `lists`, whose `done` says which rows of the panel are valid.

    Each is written beside its place and renamed. `settings` must be equal for a sweep to go on.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder, self.settings = folder, json.loads(json.dumps(settings, default=str))

    def write(self, state: Progressed, panel: Mapping[str, torch.Tensor] | None) -> None:
        """Keeps the state; `panel` only while it still changes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if panel is not None:
            write_arrays(self.folder / PANEL, {name: array.cpu().numpy() for name, array in panel.items()})
        about = {"settings": self.settings, "done": state.done, "left_out": state.left_out, "grids": state.grids}
        write_arrays(self.folder / LISTS, {**tally_arrays(state.tally), "sizes": state.sizes}, about)

    def read(self, panel: Mapping[str, torch.Tensor], device: torch.device) -> Progressed | None:
        """The state kept, with `panel` filled in place; `None` if there is none. `StaleError` if it belongs to another sweep."""
        if not (self.folder / LISTS).exists():
            return None
        arrays, about = read_arrays(self.folder / LISTS)
        if about["settings"] != self.settings:
            raise StaleError(
                f"{self.folder} belongs to another sweep: {_difference(about['settings'], self.settings)}; delete it or name another folder"
            )
        for name, array in read_arrays(self.folder / PANEL)[0].items():
            panel[name].copy_(torch.from_numpy(array))
        left_out = {int(number): (name, reason) for number, (name, reason) in about["left_out"].items()}
        grids = {site: (rows, columns) for site, (rows, columns) in about["grids"].items()}
        return Progressed(about["done"], tally_of(arrays, device), arrays["sizes"], left_out, grids)


def tally_arrays(tally: Tally) -> dict[str, np.ndarray]:
    """A tally as arrays."""
    parts = {"top keys": tally.top.keys, "top places": tally.top.places, "bottom keys": tally.bottom.keys}
    parts |= {"bottom places": tally.bottom.places, "low": tally.low}
    return {name: part.cpu().numpy() for name, part in parts.items()}


def tally_of(arrays: Mapping[str, np.ndarray], device: torch.device | str = "cpu") -> Tally:
    """The tally that `tally_arrays` took apart."""
    part = {name: torch.from_numpy(arrays[name]).to(device) for name in ("top keys", "top places", "bottom keys", "bottom places", "low")}
    return Tally(Lists(part["top keys"], part["top places"]), Lists(part["bottom keys"], part["bottom places"]), part["low"])


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any] | None = None) -> None:
    """One safetensors file, the same bytes for the same content: what is no array is JSON in an array of bytes."""
    from safetensors.numpy import save_file

    parts = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if about is not None:
        parts[ABOUT] = np.frombuffer(json.dumps(about, sort_keys=True, default=str).encode(), np.uint8)
    partial = path.with_name(f".{path.name}.partial")
    try:
        save_file(parts, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `write_arrays` has written."""
    from safetensors.numpy import load_file

    arrays = load_file(path)
    about = arrays.pop(ABOUT, None)
    return arrays, {} if about is None else json.loads(about.tobytes())


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    names = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    return ", ".join(f"{name} was {theirs.get(name)!r}, is {ours.get(name)!r}" for name in names[:3])
