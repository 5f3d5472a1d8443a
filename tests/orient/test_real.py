"""Which way up natural photographs are, by a real network's features: what `optogram orient train` measures, beside shuffled truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
from optogram.network.load import load
from optogram.orient import training
from optogram.orient.measures import accuracy, at_coverage, calibration_error
from optogram.orient.squares import CONTROLS

SITES = ("features.13", "features.18")


@pytest.mark.slow
def test_nine_hundred_natural_photographs_are_answered_and_shuffled_ones_are_not(
    shared_data: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features are read once and without the pictures' controls, which are planted in test_leaks: a third of the cost. Of every second photograph the
    turn that counts as upright is then drawn at random.
    """
    weights = shared_data("weights", "mobilenet_v2_tf_quant.safetensors")
    network = load("torchvision:mobilenet_v2", weights=weights, preprocess=Preprocess(256, crop=225, mean=0.5, std=0.5))
    photos, whole = open_images(shared_data("photos")), training.extract
    kept: list[tuple[list[int], torch.Tensor]] = []

    def plain(net: Any, sites: Any, shown: Any, side: int, controls: Any, *settings: Any) -> tuple[list[int], dict[str, torch.Tensor]]:
        indices, found = whole(net, sites, shown, side, ("none",), *settings)
        kept.append((indices, found["none"]))
        return indices, dict.fromkeys(CONTROLS, found["none"])

    monkeypatch.setattr(training, "extract", plain)
    found = training.train(network, photos, SITES, progress=False)[1]
    assert len(found.names) == 900
    assert len({photos.group(index) for index in range(900)}) == 900, "folds are by photograph"
    assert np.bincount(found.folds, minlength=5).min() > 140
    answered, half = accuracy(found.logits), at_coverage(found.logits, 0.5)
    assert answered.estimate >= 0.85
    assert answered.low >= 0.82
    assert half.low >= 0.97
    assert calibration_error(found.logits) < 0.05
    assert len(found.loudest()) == 5

    indices, features = kept[0][0][::2], kept[0][1][::2]
    shifts = torch.from_numpy(np.random.default_rng(0).integers(4, size=len(indices)))
    dealt = features[torch.arange(len(indices))[:, None], (torch.arange(4)[None] + shifts[:, None]) % 4]
    monkeypatch.setattr(training, "extract", lambda *given: (indices, dict.fromkeys(CONTROLS, dealt)))
    shuffled = accuracy(training.train(network, photos, SITES, progress=False)[1].logits)
    assert shuffled.low <= 0.25 <= shuffled.high
