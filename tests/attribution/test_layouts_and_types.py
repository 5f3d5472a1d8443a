"""Every method on bfloat16 networks and on photographs in the channels-last layout: the same map, up to the type's rounding, or a plain refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from optogram.attribution._attribute import METHODS, attribute
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, _fewer, photographs

ATTENTION = {"attention_relevance", "attention_rollout"}
"""Defined for attention between tokens alone."""
NAMES = sorted({*METHODS.names()} - ATTENTION)
SIDE = 16
PARTS: dict[str, dict[str, Any]] = {
    "kernel_shap": {"cells": 2},
    "lime": {"cells": 2},
    "shapley_sampling": {"cells": 2},
    "feature_ablation": {"cells": 2},
    "sobol": {"cells": 2},
    "hsic": {"cells": 2},
    "rise": {"cells": 3},
    "occlusion": {"window": 8},
    "blur_integrated_gradients": {"steps": 4},
    "extremal_perturbation": {"steps": 8},
}


def asked(method: str, images: torch.Tensor, dtype: torch.dtype = torch.float32) -> Any:
    net = Network(Small().to(dtype), Preprocess(size=SIDE, mean=0.4, std=0.3))
    return attribute(net, images, "head:2", method, progress=False, **{**_fewer(method), **PARTS.get(method, {})})


@pytest.mark.parametrize("method", NAMES)
def test_photographs_in_the_channels_last_layout_have_the_same_map(method: str) -> None:
    images = photographs(2, 3, SIDE, SIDE)
    expected = asked(method, images).values
    found = asked(method, images.contiguous(memory_format=torch.channels_last)).values
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("method", NAMES)
def test_a_network_in_bfloat16_is_answered_or_refused_in_words(method: str) -> None:
    images = photographs(2, 3, SIDE, SIDE)
    try:
        found = asked(method, images, torch.bfloat16)
    except NotDefinedError as error:
        assert "bfloat16" in str(error)
        return
    expected = asked(method, images)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    np.testing.assert_allclose(found.responses, expected.responses, rtol=0.05, atol=0.02)
    pairs = zip(found.values, expected.values, strict=True)
    alike = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs]
    assert min(alike) > 0.8
