"""Memory of the long methods, in bytes of living tensors: bounded by the inner batch whatever the number of draws, and within a budget."""

from __future__ import annotations

import gc

import pytest
import torch

from optogram.attribution._attribute import BATCH_SIZE, METHODS, attribute
from optogram.attribution._question import Answer, Question
from optogram.testing.attribution import Small, fewer, kind_of, photographs, small
from optogram.testing.memory import Living

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
ALONG = {"blur_integrated_gradients": ({"steps": 4}, {"steps": 40}), "internal_influence": ({"steps": 4}, {"steps": 40})}
"""Their rows are one a photograph, as the photographs come."""
ALONG |= {name: ({"samples": 8}, {"samples": 60}) for name in ("squaregrad", "vargrad")}
SHARED = {"hsic": ({"samples": 150}, {"samples": 400}), "feature_ablation": ({"cells": 11}, {"cells": 14})}
"""Both so many that early layers are computed once for all: what is kept for that comes once."""
COPIED = {name: ({"steps": 36}, {"steps": 100}) for name in ("integrated_gradients", "guided_integrated_gradients", "conductance")}
"""Both so many that they go the same way through the network: what the way itself keeps comes once."""
GROWING = {**LONG, **ALONG, **SHARED, **COPIED}
WIDE = 64
NUMBERS = 2000
"""Bytes that each further step or mask may leave: what it is drawn from, a few numbers for each part; a 24th of a photograph."""
MASKS = {"shapley_sampling": 36, "sobol": 18}
"""One of their samples stands for so many masks: one a part, and the two that the parts are exchanged between."""


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


@pytest.mark.parametrize("method", ["integrated_gradients", "expected_gradients", "smoothgrad", "conductance", "blur_integrated_gradients", "rise"])
def test_one_photograph_with_many_steps_goes_in_batches_by_default(method: str) -> None:
    """A peer's integrated gradients put all steps of a photograph through the network at once."""
    net, settings = small(module=Watched()), GROWING[method][1]
    net.sites()
    Watched.most = 0
    attribute(net, photographs(1), "head:2", method, progress=False, **settings)
    assert 0 < Watched.most <= BATCH_SIZE < max(settings.get(name, 0) for name in ("steps", "samples"))


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


def most(method: str, settings: dict[str, object], **asked: object) -> int:
    """Bytes alive at once, once the network's own copy is made."""
    net, x = small(size=WIDE, module=kind_of(method)(3)), photographs(2, 3, WIDE, WIDE)
    attribute(net, x, "head:2", "gradient", progress=False)
    with Living() as living:
        attribute(net, x, "head:2", method, progress=False, **asked, **settings)
    return living.most


@pytest.mark.parametrize("method", GROWING)
def test_bytes_do_not_grow_with_steps_or_masks(method: str) -> None:
    few, many = GROWING[method]
    more = max((b - a for a, b in ((few.get(name, 0), many[name]) for name in ("steps", "samples") if name in many)), default=50)
    growth = most(method, many, batch_size=4) - most(method, few, batch_size=4)
    assert growth < more * MASKS.get(method, 1) * NUMBERS


def test_what_keeps_every_pass_is_found() -> None:
    """The measure sees a method that holds all its rows."""

    def hoards(question: Question, *, samples: int = 4) -> Answer:
        rows = [question.gradients(question.origin()) for _ in range(samples)]
        return Answer(torch.stack([one.values for one in rows]).mean(0), rows[0].responses, rows[0].places)

    growth = most(hoards, {"samples": 20}, batch_size=4) - most(hoards, {"samples": 4}, batch_size=4)  # type: ignore[arg-type]
    assert growth > 16 * NUMBERS


@pytest.mark.parametrize("method", METHODS.names())
def test_a_budget_is_kept(method: str) -> None:
    """Within the budget, and beyond a budget's quarter where it allows more than one row: bytes, of every method."""
    budget = 12_000_000
    settings = {**fewer(method), **({"window": 16, "stride": 16} if method == "occlusion" else {})}
    assert most(method, settings, max_memory=budget) < budget
