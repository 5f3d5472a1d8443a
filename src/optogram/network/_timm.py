"""`timm:NAME`: any of timm's networks, with its own preprocessing and class names."""

from __future__ import annotations

import math
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from optogram.errors import LoadError, unknown
from optogram.images.preprocess import Preprocess
from optogram.network._loaded import Loaded, Want, missing_extra, no_weights
from optogram.network._torchvision import open_torchvision

CACHED_NAMES = ("model.safetensors", "pytorch_model.bin")


def from_timm(name: str, want: Want, file: Path | None) -> Loaded:
    """Builds the network; `own` weights come from the caches of the hub or of torch on this machine."""
    open_torchvision()
    try:
        timm: Any = import_module("timm")
    except ModuleNotFoundError as error:
        if error.name != "timm":
            raise
        raise missing_extra("timm") from error
    if not timm.is_model(name):
        raise LoadError(unknown("network", name, timm.list_models(), where=" in timm"))
    try:
        module = timm.create_model(name, pretrained=False)
        if want == "own":
            module = timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(_cached(name, module.pretrained_cfg))})
    except RuntimeError as error:
        raise LoadError(f"timm:{name} cannot be built: {error}") from error
    config = timm.data.resolve_model_data_config(module)
    return Loaded(module, name, _preprocess(config), _labels(module))


def _cached(name: str, config: dict[str, Any]) -> Path:
    hub, url = config.get("hf_hub_id"), config.get("url")
    if hub:
        from huggingface_hub import try_to_load_from_cache

        for entry in (config.get("hf_hub_filename"), *CACHED_NAMES):
            found = try_to_load_from_cache(hub, entry) if entry else None
            if isinstance(found, str):
                return Path(found)
    if url and (path := Path(torch.hub.get_dir(), "checkpoints", Path(url).name)).is_file():
        return path
    raise LoadError(no_weights(f"timm:{name}", f"published as {hub or url or 'nothing'}"))


def _preprocess(config: dict[str, Any]) -> Preprocess:
    height, width = config["input_size"][1:]
    share = config.get("crop_pct") or 1.0
    squashed = config.get("crop_mode") == "squash" or height != width
    size = (math.floor(height / share), math.floor(width / share)) if squashed else math.floor(height / share)
    interpolation = config.get("interpolation", "bicubic")
    return Preprocess(
        size=size,
        crop=(height, width),
        interpolation=interpolation if interpolation in ("bilinear", "bicubic", "nearest", "lanczos") else "bilinear",
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )


def _labels(module: Any) -> list[str] | None:
    data: Any = import_module("timm.data")
    names = (module.pretrained_cfg or {}).get("label_names") if hasattr(module, "pretrained_cfg") else None
    if names and len(names) == getattr(module, "num_classes", 0):
        return list(names)
    subset = data.infer_imagenet_subset(module)
    if subset is None:
        return None
    try:
        return _short(list(data.ImageNetInfo(subset).label_descriptions()))
    except (AssertionError, KeyError):
        return None


def _short(names: list[str]) -> list[str]:
    """The first of several synonyms (`tench, Tinca tinca`), unless another class has the same first one."""
    first = [name.partition(",")[0] for name in names]
    counts = Counter(first)
    return [short if counts[short] == 1 else name for short, name in zip(first, names, strict=True)]
