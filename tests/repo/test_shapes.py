"""Shapes are checked while tests run: what a signature says of arrays holds, or the test fails."""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest

from optogram.statistics.correlation import spearman_paired
from optogram.statistics.ranks import centred_ranks


def test_a_wrong_shape_is_an_error() -> None:
    assert centred_ranks(np.zeros((3, 2))).shape == (3, 2)
    with pytest.raises(jaxtyping.TypeCheckError):
        centred_ranks(np.zeros(3))
    with pytest.raises(jaxtyping.TypeCheckError, match="scores"):
        spearman_paired(np.zeros((3, 2), int), np.zeros((3, 2)))
