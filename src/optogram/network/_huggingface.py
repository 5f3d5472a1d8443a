"""`hf:NAME` or `hf:FOLDER`: transformers' image classifiers, from the hub's cache on this machine or from a local folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from optogram.errors import LoadError, MissingExtraError
from optogram.images.preprocess import Interpolation, Preprocess
from optogram.network._loaded import Loaded, Want, missing_extra, no_weights
from optogram.network._torchvision import open_torchvision
from optogram.network.labels import in_order

RESAMPLING: dict[int, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}


def from_huggingface(name: str, want: Want, file: Path | None) -> Loaded:
    """Builds the network in float32; nothing is fetched, and no code from the hub is run."""
    try:
        transformers: Any = import_module("transformers")
    except ModuleNotFoundError as error:
        if error.name != "transformers":
            raise
        raise missing_extra("transformers") from error
    if Path(name).exists():
        name = str(Path(name).resolve())
    with suppress(MissingExtraError):  # transformers works without torchvision, but not with a broken one
        open_torchvision()
    try:
        with _quiet(transformers.utils.logging):
            config = transformers.AutoConfig.from_pretrained(name, local_files_only=True, trust_remote_code=False)
            automatic = transformers.AutoModelForImageClassification
            module = automatic.from_config(config) if want == "none" else automatic.from_pretrained(name, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise LoadError(_why(name, error)) from error
    return Loaded(module.float(), Path(name).name, _preprocess(_settings(name)), _labels(config))


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """No progress bars and no advice from transformers while it loads."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _why(name: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if Path(name).exists():
        return f"hf:{name} is no folder of an image classifier: {reason}"
    if isinstance(error, OSError):
        return no_weights(f"hf:{name}", "looked in the hub's cache") + " Its folder will do too, with config.json in it: hf:FOLDER."
    return f"hf:{name} is no image classifier that transformers knows: {reason}"


def _settings(name: str) -> dict[str, Any]:
    """What the image processor's own file says; an image processor itself needs more than is needed here."""
    path = Path(name) / "preprocessor_config.json"
    if not path.is_file():
        from huggingface_hub import try_to_load_from_cache

        found = None if Path(name).exists() else try_to_load_from_cache(name, "preprocessor_config.json")
        if not isinstance(found, str):
            return {}
        path = Path(found)
    settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return settings


def _preprocess(settings: dict[str, Any]) -> Preprocess | None:
    if not settings:
        return None
    size, crop = _sides(settings.get("size")), _sides(settings.get("crop_size"))
    size = size if settings.get("do_resize", True) else None
    crop = crop if settings.get("do_center_crop", False) else None
    if isinstance(size, int) and "crop_pct" in settings and size < 384:
        size, crop = int(size / (settings["crop_pct"] or 1.0)), size
    normalised = settings.get("do_normalize", True)
    return Preprocess(
        size=size,
        crop=crop,
        interpolation=RESAMPLING.get(settings.get("resample", 2), "bilinear"),
        mean=tuple(settings.get("image_mean") or (0.5,) * 3) if normalised else 0.0,
        std=tuple(settings.get("image_std") or (0.5,) * 3) if normalised else 1.0,
    )


def _sides(value: Any) -> int | tuple[int, int] | None:
    if isinstance(value, dict):
        return int(value["shortest_edge"]) if "shortest_edge" in value else (int(value["height"]), int(value["width"])) if "height" in value else None
    return tuple(value) if isinstance(value, list | tuple) else value


def _labels(config: Any) -> list[str] | None:
    names = dict(config.id2label or {})
    if not names or all(str(name) == f"LABEL_{index}" for index, name in names.items()):
        return None
    return in_order({int(index): name for index, name in names.items()}, "config.json")
