"""Claims about the planted circuit, CNN and ViT: those that must hold do, those that must not don't, at a grid of d' and numbers of photographs.

Plants with seeds, strengths and numbers of things other than those that claims were developed on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import optogram as og
from optogram.evidence._bank import Bank
from optogram.evidence._judge import CLAIMS, site_views
from optogram.evidence._view import SiteView
from optogram.zoo._circuits import truth
from optogram.zoo._tiles import Ranges, draw
from optogram.zoo._truth import Architecture, Truth

OWN_NULL = ("alive", "identification", "alike", "facets")
RANGES = Ranges((0.5, 1.5), 2, 0.25)


def looked_at(architecture: Architecture, snr: float, photographs: int, seed: int) -> tuple[Truth, SiteView]:
    known = truth(architecture, snr, seed)
    ranges = Ranges((0.5, 1.5), 2, 0.25, alike=architecture == "vit")
    photos = og.open_images(draw(photographs, 1000 + seed, ranges).pixels)
    sweep = og.sweep(known.network, photos, sites=[known.site], progress=False)
    return known, site_views(known.network, photos, sweep, [known.network.site(known.site)], Bank(), False)[known.site]


def held(known: Truth, view: SiteView, claim: str) -> tuple[float, int, int]:
    """The share of units of which the claim must hold that pass its own null, and how many of which it must not, of how many."""
    q = CLAIMS.get(claim).measure(view).q
    right, wrong = q[known.must(claim)] <= 0.05, q[known.must_not(claim)] <= 0.05
    return float(right.mean()) if right.size else 1.0, int(wrong.sum()), int(wrong.size)


def test_what_must_hold_holds_and_what_must_not_does_not() -> None:
    known, view = looked_at("cnn", 3.0, 200, 51)
    for claim, least in (("alive", 1.0), ("identification", 0.9), ("alike", 0.8), ("facets", 0.0)):
        share, wrong, count = held(known, view, claim)
        assert share >= least, claim
        assert wrong <= 0.1 * count, claim
    assert identification_confound(view) >= 1, "the duplicated unit is a look-alike"


def identification_confound(view: SiteView) -> float:
    claim = CLAIMS.get("identification")
    return float(claim.confounds(view, claim.measure(view))["look-alike pairs"])


LOOK_ALIKES = ("duplicated", "trojan", "attractor", "position")
"""Kinds that answer to the thing of another unit in photographs, so that a wrong picture is as right as their own."""


def identified_among_the_distinct(known: Truth, view: SiteView) -> float:
    """The share of units identified where every unit answers to things of its own."""
    distinct = [unit for unit in range(view.responses.shape[1]) if known.kind(unit) not in LOOK_ALIKES]
    q = CLAIMS.get("identification").measure(replace(view, responses=view.responses[:, distinct])).q
    return float(np.mean([q[distinct.index(unit)] <= 0.05 for unit in known.must("identification") if unit in distinct]))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["cnn", "vit"])
@pytest.mark.parametrize(("snr", "photographs", "least"), [(1.5, 700, 0.95), (1.5, 200, 0.8), (3.0, 700, 0.95), (3.0, 200, 0.8)])
def test_the_grid(architecture: Architecture, snr: float, photographs: int, least: float) -> None:
    """The bar is on identification at d' 1.5: 95 % at 700 photographs, 80 % at 200, of units without a look-alike (with them it was .92 at both).

    A ViT's units see the whole photograph, and the same few hundred photographs hold a quarter as many different patches: no bar is set there.
    """
    shares = {claim: [] for claim in OWN_NULL}
    wrong = {claim: [0, 0] for claim in OWN_NULL}
    distinct = []
    for seed in (61, 62, 63):
        known, view = looked_at(architecture, snr, photographs, seed)
        distinct.append(identified_among_the_distinct(known, view))
        for claim in OWN_NULL:
            share, false, count = held(known, view, claim)
            shares[claim].append(share)
            wrong[claim] = [wrong[claim][0] + false, wrong[claim][1] + count]
    for claim, (false, count) in wrong.items():
        assert false <= max(1, 0.05 * count), claim
    assert np.mean(shares["alive"]) == 1
    if architecture == "cnn":
        assert np.mean(distinct) >= least


@pytest.mark.slow
def test_the_planted_are_told_apart_and_stand_no_more_than_untrained_circuits() -> None:
    """A circuit with random weights is selective too: each unit for its own mixture of the few things there are, and without the planted noise.

    So the planted units pass against wrong pictures, the twins as well, and nothing may stand.
    """
    known = truth("cnn", 3.0, 71)
    photos = og.open_images(draw(300, 1071, RANGES).pixels)
    found = og.judge(known.network, photos, sites=[known.site], claims=["identification", "facets"], twins=24, progress=False)
    passed = {row.index: row.q <= 0.05 for row in found if (row.claim, row.null) == ("identification", "wrong picture")}
    assert np.mean([passed[unit] for unit in known.must("identification")]) >= 0.8
    family = next(family for family in found.families if family.claim == "identification")
    assert min(family.twin_identified) >= 0.8 * len(known.must("identification"))
    assert not family.gate_open
    verdicts = {(row.claim, row.index): row.verdict for row in found}
    assert "stands" not in verdicts.values()
    assert {verdicts["identification", unit] for unit in (22, 23)} == {"not tested"}
