"""Weights from a file into a module: safetensors or a state_dict, never code."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from optogram.errors import LoadError

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params", "ema", "state_dict_ema", "model_ema")
PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".pkl")
LISTED = 4


def load_state(module: nn.Module, weights: str | Path | Mapping[str, Tensor], name: str) -> None:
    """Fills `module` with weights from a file or a mapping; half-precision files fill float32 modules.

    Every parameter and buffer must find its own, by name and shape (batch norms' counters may be missing); `LoadError` lists
    what is missing, what is unexpected and what has another shape. A prefix that a wrapper put before every name is taken off.
    """
    state = dict(weights) if isinstance(weights, Mapping) else read_state(Path(weights))
    source = "the weights given" if isinstance(weights, Mapping) else str(weights)
    wanted = module.state_dict()
    for prefix in ("module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."):
        if all(key.startswith(prefix) for key in state) and not all(key.startswith(prefix) for key in wanted):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    _refuse_mismatch(wanted, state, source, name)
    module.load_state_dict(state, strict=False)


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name; out of the usual wrappings (`{"state_dict": ...}`); nothing is executed."""
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no such file"
        raise LoadError(f'weights are a .safetensors or .pt file, or "none" for random ones; got "{path}" ({what})')
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix.lower() in PICKLED:
        return _tensors(_unpickled(path), path)
    raise LoadError(f'weights are a .safetensors, .pt or .pth file; got "{path}"')


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise LoadError(f"{path} cannot be read as safetensors: {error}. Is the download whole?") from error


def _unpickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch warns of a script before it refuses it
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"(?:GLOBAL|global|function|class)\s+`?([A-Za-z_][\w.]*\.[\w.]+)", str(error))
        what = f" (class {found[1]})" if found else ""
        raise LoadError(
            f"{path.name} needs to run code to load{what}. Save its state_dict with safetensors, "
            "or load the module yourself and pass it to og.Network."
        ) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise LoadError(
                f"{path.name} is a TorchScript archive, which holds code. Save its state_dict with safetensors, "
                "or load the module yourself with torch.jit.load and pass it to og.Network."
            ) from error
        raise LoadError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    except (EOFError, OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise LoadError(f"{path} cannot be read as weights ({type(error).__name__}). Is the download whole?") from error


def _tensors(value: Any, path: Path) -> dict[str, Tensor]:
    for _ in range(3):
        inner = next((value[key] for key in WRAPPERS if isinstance(value, Mapping) and isinstance(value.get(key), Mapping)), None)
        if inner is None:
            break
        value = inner
    found = {str(key): entry for key, entry in value.items() if isinstance(entry, Tensor)} if isinstance(value, Mapping) else {}
    if not found:
        keys = f" with {', '.join(map(str, list(value)[:6]))}" if isinstance(value, Mapping) else ""
        raise LoadError(f"{path.name} holds no state_dict, but a {type(value).__name__}{keys}. Save module.state_dict() with safetensors.")
    return found


def _refuse_mismatch(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], source: str, name: str) -> None:
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in state if key not in wanted]
    shapes = [key for key in wanted if key in state and wanted[key].shape != state[key].shape]
    if not (missing or unexpected or shapes):
        return
    told = [f"{name} and {source} do not fit together."]
    told += [f"Missing ({len(missing)}): {_some(missing)}."] if missing else []
    told += [f"Unexpected ({len(unexpected)}): {_some(unexpected)}."] if unexpected else []
    texts = [f"{key} is {_shape(state[key])} in the file, {_shape(wanted[key])} in the network" for key in shapes]
    told += [f"Other shape ({len(shapes)}): {_some(texts, '; ')}."] if shapes else []
    raise LoadError(" ".join([*told, *_hints(wanted, state, bool(missing or unexpected))]))


def _hints(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], names: bool) -> list[str]:
    """What would make it fit: a prefix to take off or put on, or another number of classes."""
    if not names:
        return ["If the network was changed (another number of classes, say), build it in a file of yours: path/file.py:factory."]
    prefixes = {key.rpartition(known)[0] for known in list(wanted)[:1] for key in state if key.endswith("." + known)} - {""}
    if prefixes:
        return [f"Names in the file begin with `{min(prefixes)}`: take that off and save again."]
    heads = {key.rpartition(own)[0] for own in list(state)[:1] for key in wanted if key.endswith("." + own)} - {""}
    return [f"Names in the network begin with `{min(heads)}`, those in the file do not."] if heads else []


def _some(entries: list[str], joint: str = ", ") -> str:
    return joint.join(entries[:LISTED]) + (" ..." if len(entries) > LISTED else "")


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
