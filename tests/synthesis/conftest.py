"""Tests of synthesis compute alike on every machine: in single precision, unless they ask for another type."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def single_precision() -> Iterator[None]:
    """Where the processor multiplies bfloat16, pictures are made in it, and oracles in single precision would be compared with its rounding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("optogram.synthesis.synthesize"), "fastest_type", lambda device: torch.float32)
        yield
