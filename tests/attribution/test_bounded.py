"""Memory of the long methods: bounded by the inner batch whatever the number of draws, and nothing is kept from call to call."""

from __future__ import annotations

import gc

import pytest
import torch

from optogram.attribution._attribute import attribute
from optogram.testing.attribution import Small, photographs, small

LONG = {
    "integrated_gradients": ({"steps": 8}, {"steps": 64}),
    "guided_integrated_gradients": ({"steps": 4}, {"steps": 40}),
    "occlusion": ({"window": 12, "stride": 12}, {"window": 4, "stride": 3}),
    "rise": ({"samples": 8}, {"samples": 100}),
    "kernel_shap": ({"samples": 8}, {"samples": 100}),
    "lime": ({"samples": 8}, {"samples": 100}),
    "shapley_sampling": ({"samples": 1}, {"samples": 4}),
    "feature_ablation": ({"cells": 2}, {"cells": 10}),
    "expected_gradients": ({"samples": 8}, {"samples": 60}),
    "smoothgrad": ({"samples": 8}, {"samples": 60}),
    "conductance": ({"steps": 4}, {"steps": 40}),
    "sobol": ({"samples": 2, "cells": 2}, {"samples": 8, "cells": 4}),
    "hsic": ({"samples": 8}, {"samples": 100}),
    "extremal_perturbation": ({"steps": 3}, {"steps": 12, "areas": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)}),
}


class Watched(Small):
    """Keeps the greatest number of rows that ever went through."""

    most = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        Watched.most = max(Watched.most, len(x))
        return super().forward(x)


@pytest.mark.parametrize("method", LONG)
def test_no_pass_is_larger_than_the_inner_batch(method: str) -> None:
    net, x = small(module=Watched()), photographs(3)
    net.sites()
    Watched.most = 0
    attribute(net, x, "head:2", method, batch_size=4, progress=False, **LONG[method][1])
    assert 0 < Watched.most <= 4


@pytest.mark.parametrize("method", LONG)
def test_nothing_is_kept_from_call_to_call(method: str) -> None:
    net, x = small(), photographs(2)

    def living() -> int:
        attribute(net, x, "head:2", method, progress=False, **LONG[method][0])
        gc.collect()
        return sum(type(one) in (torch.Tensor, torch.nn.Parameter) for one in gc.get_objects())

    living()
    first = living()
    assert living() <= first


def test_a_budget_chooses_the_inner_batch() -> None:
    net, x = small(module=Watched()), photographs(2)
    net.sites()
    rows = []
    for budget in ("1MB", "8MB"):
        Watched.most = 0
        attribute(net, x, "head:2", "rise", samples=60, max_memory=budget, progress=False)
        rows.append(Watched.most)
    assert rows[0] < rows[1]
