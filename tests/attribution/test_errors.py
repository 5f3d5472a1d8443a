"""A network whose forward raises in the middle: its own error is passed on by every method, and nothing stays changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optogram as og
from optogram.attribution._attribute import METHODS, attribute
from optogram.testing.attribution import Small, _fewer, photographs, small
from optogram.testing.unchanged import unchanged

ATTENTION = {"attention_relevance", "attention_rollout"}
NAMES = sorted({*METHODS.names()} - ATTENTION)
PARTS = {name: {"cells": 2} for name in ("kernel_shap", "lime", "shapley_sampling", "feature_ablation", "sobol", "hsic")}
FAST = {**PARTS, "occlusion": {"window": 12}, "extremal_perturbation": {"steps": 4}}


class Moody(Small):
    """Well, until all of its kind are told otherwise: then it raises, or is NaN or infinite for dark photographs."""

    mood = "well"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.mood == "raises":
            raise ArithmeticError("out of tune")
        bad = {"nan": torch.nan, "infinite": torch.inf}.get(self.mood)
        found = super().forward(x)
        return found if bad is None else found + torch.where(x.mean((1, 2, 3))[:, None] < 0, bad, 0.0)


def asked(net: og.Network, method: str, target: str = "output:2") -> og.Attribution:
    images = photographs(2)
    images[1] *= 0.1
    return attribute(net, images, target, method, progress=False, **{**_fewer(method), **FAST.get(method, {})})


@pytest.mark.parametrize("method", NAMES)
def test_a_forward_that_raises_is_passed_on_and_leaves_the_network_as_it_was(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Moody().train()
    net = small(module=module)
    before = asked(net, "gradient").values
    monkeypatch.setattr(Moody, "mood", "raises")
    with unchanged(module), pytest.raises(ArithmeticError, match="out of tune"):
        asked(net, method)
    monkeypatch.setattr(Moody, "mood", "well")
    np.testing.assert_array_equal(asked(net, "gradient").values, before)
