"""`og.load`: a network by name, from the libraries of models, from a file, or from the zoo; nothing is ever downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from optogram.errors import LoadError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network._device import device_of
from optogram.network._file import from_file, unpacked
from optogram.network._huggingface import from_huggingface
from optogram.network._loaded import Loaded, Want
from optogram.network._timm import from_timm
from optogram.network._torchvision import from_torchvision
from optogram.network.labels import Labels, read_labels
from optogram.network.network import Network
from optogram.network.redraw import seeded
from optogram.network.state import load_state
from optogram.registry import Registry

SOURCES: dict[str, Callable[[str, Want, Path | None], Loaded]] = {
    "torchvision": from_torchvision,
    "timm": from_timm,
    "hf": from_huggingface,
}
FORMS = "torchvision:NAME, timm:NAME, hf:NAME, zoo:NAME or path/file.py:factory"


def load(
    spec: str,
    weights: str | Path | Mapping[str, Tensor] | None = None,
    labels: Labels | str | Path | None = None,
    preprocess: Preprocess | str | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
) -> Network:
    """A network from `torchvision:NAME`, `timm:NAME`, `hf:NAME_OR_FOLDER`, `zoo:NAME` or `path/file.py:factory`.

    `weights` is a .safetensors or .pt file (only tensors are read, nothing in it is run), `"none"` for random ones drawn with
    `seed`, or `None` for the source's own trained ones as far as they are on this machine. `labels` (a list, lists by site, or
    a .txt, .json or .csv file) and `preprocess` replace what the source knows; a text such as "size=256,crop=224,mean=.5,std=.5"
    changes only the settings that it names. The global random state is left as it is.

    Raises `LoadError` for an unknown name (with the nearest), weights that are absent or do not fit, and files that would run
    code; `MissingExtraError` where a library is not installed.
    """
    if not isinstance(spec, str):
        raise LoadError(f"a network is loaded by name ({FORMS}); got {type(spec).__name__}. A module goes to og.Network(module)")
    file = None if weights is None or weights == "none" or isinstance(weights, Mapping) else Path(weights)
    with seeded(seed):
        found = _found(spec, weights, file)
        if file is not None or isinstance(weights, Mapping):
            load_state(found.module, weights, found.name)  # type: ignore[arg-type]
    names = found.labels if labels is None else read_labels(labels)
    where, module = device_of(device), found.module.eval()
    return Network(module if where is None else module.to(where), _prepared(found.preprocess, preprocess), names, name=found.name)


def _prepared(own: Preprocess | None, asked: Preprocess | str | None) -> Preprocess | None:
    return (own or Preprocess()).changed(asked) if isinstance(asked, str) else asked or own


def _found(spec: str, weights: Any, file: Path | None) -> Loaded:
    source, _, name = spec.partition(":")
    if source in SOURCES and name:
        return SOURCES[source](name, "own" if weights is None else "none", file)
    if source == "zoo" and name:
        return _blank(unpacked(_planted(name)(), spec, name), weights)
    if spec.rpartition(":")[0].endswith(".py"):
        return _blank(from_file(spec), weights)
    hint = f"; did you mean torchvision:{spec} or timm:{spec}?" if ":" not in spec else ""
    raise LoadError(f'a network is {FORMS}; got "{spec}"{hint}')


def _planted(name: str) -> Callable[[], Any]:
    try:
        found: Callable[[], Any] = Registry("optogram.zoo", "zoo network").get(name)
    except SettingError as error:
        raise LoadError(str(error)) from error
    return found


def _blank(found: Loaded, weights: Any) -> Loaded:
    """What comes with weights of its own loses them where random ones are asked for."""
    if isinstance(weights, str) and weights == "none":
        from optogram.network.redraw import redraw

        redraw(found.module)
    return found
