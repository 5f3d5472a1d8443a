"""Tests of synthesis compute alike on every machine: in single precision, unless they ask for another type."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def single_precision() -> Iterator[None]:
    """Where the processor multiplies bfloat16, pictures are made in it, and oracles in single precision would be compared with its rounding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["optogram.synthesis.synthesize"], "fastest_type", lambda device: torch.float32)
        yield
