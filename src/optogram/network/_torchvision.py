"""`torchvision:NAME`: its classification networks, with the preprocessing and labels of their published weights."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from optogram.errors import LoadError, unknown
from optogram.images.preprocess import Preprocess
from optogram.network._loaded import Loaded, Want, missing_extra, no_weights
from optogram.network.state import load_state

SCHEMAS = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor", "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_DECLARED: list[torch.library.Library] = []


def from_torchvision(name: str, want: Want, file: Path | None) -> Loaded:
    """Builds the network; `own` weights come from torch hub's cache on this machine."""
    models = open_torchvision().models
    known = models.list_models(module=models)
    if name not in known:
        raise LoadError(unknown("network", name, known, where=" among torchvision's classifiers"))
    entries = list(models.get_model_weights(name))
    entry = _published_as(entries, file)
    cached = next((found for found in _newest_first(entries) if want == "own" and _cache_of(found).is_file()), None)
    if want == "own" and cached is None:
        names = ", ".join(Path(found.url).name for found in entries) or "none are published"
        raise LoadError(no_weights(f"torchvision:{name}", f"looked for {names} in {Path(torch.hub.get_dir(), 'checkpoints')}"))
    entry = cached or entry
    settings: dict[str, Any] = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    module = models.get_model(name, weights=None, **settings)
    if cached is not None:
        load_state(module, _cache_of(cached), name)
    return Loaded(module, name, _preprocess(entry), list(entry.meta["categories"]) if entry is not None and "categories" in entry.meta else None)


def open_torchvision() -> ModuleType:
    """torchvision itself. Where its compiled operators do not load beside this torch, two schemas that it asks for are declared."""
    try:
        import torchvision
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        raise missing_extra("torchvision") from error
    except RuntimeError as error:
        if "operator torchvision::" not in str(error) or _DECLARED:
            raise
        _declare()
        import torchvision
    return torchvision  # type: ignore[no-any-return]


def _declare() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    _DECLARED.append(library)
    warnings.warn(
        "torchvision's compiled operators do not load beside this torch: classifiers work, detection (nms) does not; "
        "install the torchvision that was built for this torch to have both",
        UserWarning,
        stacklevel=2,
    )


def _newest_first(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: entry.name, reverse=True)


def _cache_of(entry: Any) -> Path:
    return Path(torch.hub.get_dir(), "checkpoints", Path(entry.url).name)


def _published_as(entries: list[Any], file: Path | None) -> Any:
    """The published weights that a file is by its name, else the first of ImageNet, else any."""
    if file is not None:
        for entry in entries:
            if Path(entry.url).stem in file.stem:
                return entry
    return next((entry for entry in entries if entry.name == "IMAGENET1K_V1"), entries[0] if entries else None)


def _preprocess(entry: Any) -> Preprocess | None:
    if entry is None:
        return None
    transform = entry.transforms()
    crop, size = transform.crop_size, transform.resize_size
    return Preprocess(
        size=size[0] if len(size) == 1 else tuple(size),
        crop=crop[0] if len(crop) == 1 else tuple(crop),
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )
