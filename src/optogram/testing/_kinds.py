"""Checks of kinds of photographs and networks: sizes, gray, layouts in memory, types of 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from optogram.errors import NotDefinedError
from optogram.testing._asking import Method, Small, ask, close, fewer, kind_of, name_of, network_for, photographs, small, told, usual, values_of

LARGE: dict[str, dict[str, Any]] = {
    "rise": {"cells": 3},
    "blur_integrated_gradients": {"steps": 4},
    "extremal_perturbation": {"steps": 8},
}
"""Parts large enough to matter more than what 16 bits round away."""


def check_mixed_sizes(method: Method) -> None:
    """A list of photographs of several sizes gives a map each, in order, as if each had been given alone."""
    net = network_for(method)
    images = [photographs(1, 3, *size, seed=number)[0] for number, size in enumerate([(24, 24), (41, 26), (24, 24)])]
    found = ask(net, images, method)
    assert isinstance(found.values, list)
    for number, image in enumerate(images):
        assert found.values[number].shape == tuple(image.shape), f"photograph {number} has a map of shape {found.values[number].shape}"
        close(found.values[number], values_of(ask(net, image, method))[0], f"photograph {number} of a list and alone")


def check_gray_and_oblong(method: Method) -> None:
    """Gray networks, and photographs of any size where the network takes them."""
    gray = photographs(2, 1)
    assert values_of(ask(network_for(method, 1), gray, method)).shape == tuple(gray.shape)
    images = photographs(2, 3, 20, 32)
    size = None if kind_of(method) is Small else (20, 32)  # attention's maps are defined for one size of grid
    assert values_of(ask(network_for(method, 3, size), images, method)).shape == tuple(images.shape)


def check_channels_last(method: Method) -> None:
    """Photographs and weights in the channels-last layout: the same map."""
    net = small(module=kind_of(method)(3).to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    images = photographs().contiguous(memory_format=torch.channels_last)
    close(values_of(ask(net, images, method)), values_of(usual(method)), "channels last and channels first")


def check_bfloat16(method: Method) -> None:
    """A network in bfloat16: the map of single precision up to the type's rounding, in single precision, or a refusal that names the type."""
    parts = {"cells": 2} if "cells" in fewer(method) and name_of(method) != "extremal_perturbation" else {}
    settings, images = {**parts, **LARGE.get(name_of(method), {})}, photographs(2)
    net, answers = small(module=kind_of(method)(3).to(torch.bfloat16)), []
    refused = told(NotDefinedError, lambda: answers.append(ask(net, images, method, **settings)))
    if refused is not None:
        assert "bfloat16" in refused, f"refused, but the type is not named: {refused}"
        return
    (found,) = answers
    expected = ask(network_for(method), images, method, **settings)
    assert values_of(found).dtype == np.float32
    np.testing.assert_allclose(found.responses, expected.responses, rtol=0.05, atol=0.02)
    alike = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(values_of(found), values_of(expected), strict=True)]
    assert min(alike) > 0.8, f"maps in bfloat16 and in single precision correlate by {min(alike):.2f}"
