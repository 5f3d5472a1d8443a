"""Each lab's quick run, made once and shared by its own tests and the contract's."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from optogram.errors import MissingExtraError
from optogram.registry import Registry

LABS = Registry("optogram.lab", "lab")
CLOTHES = ("t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


@dataclass(frozen=True)
class Ran:
    """A lab's result and the processor time that it took."""

    result: Any
    seconds: float


@cache
def _run(name: str) -> Ran | MissingExtraError:
    start = time.process_time()
    try:
        result = LABS.get(name)(quick=True, seed=0, progress=False)
    except MissingExtraError as error:
        return error
    return Ran(result, time.process_time() - start)


@pytest.fixture(scope="session")
def quick() -> Callable[[str], Ran]:
    """`quick("folding").result`: what `optogram lab folding --quick` gives; skips where an extra is not installed."""

    def ran(name: str) -> Ran:
        found = _run(name)
        if isinstance(found, MissingExtraError):
            pytest.skip(str(found))
        return found

    return ran


def _clothes(find: Callable[..., Path], folder: Path, count: int) -> Path:
    packed = [find("fashion", f"t10k-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1")]
    images, labels = (np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=start) for path, start in zip(packed, (16, 8), strict=True))
    for kind in CLOTHES:
        (folder / kind).mkdir()
    for index, (picture, label) in enumerate(zip(images.reshape(-1, 28, 28)[:count], labels[:count], strict=True)):
        Image.fromarray(picture).save(folder / CLOTHES[label] / f"{index}.png")
    return folder


@pytest.fixture(scope="session")
def fashion(shared_data: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand pictures of clothes at 28x28 in ten class folders, from the real test data."""
    return _clothes(shared_data, tmp_path_factory.mktemp("fashion"), 1000)


@pytest.fixture(scope="session")
def all_fashion(shared_data: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All ten thousand of them."""
    return _clothes(shared_data, tmp_path_factory.mktemp("all_fashion"), 10_000)
