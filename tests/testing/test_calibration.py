from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.evidence._judge import CLAIMS
from optogram.evidence._view import SiteView, Stimuli
from optogram.testing.calibration import Bench, Count, Seen, dealt, deranged, orthogonal, untrained


@pytest.fixture(scope="module")
def bench() -> Bench:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    network = og.Network(module, og.Preprocess(size=32, mean=(0.0,), std=(1.0,)), name="small")
    pictures = np.random.default_rng(0).integers(0, 256, (80, 8, 8, 1)).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    return Bench.of(network, og.open_images(pictures, channels=1), "2", 80)


def test_a_calibration_fails_when_the_lower_bound_of_its_count_exceeds_the_level() -> None:
    # Clopper and Pearson: 3 of 20 is bounded by .032 from below, 4 of 20 by .057.
    assert Count("", 3, 20).low == pytest.approx(0.0321, abs=1e-4)
    assert not Count("", 3, 20).fails
    assert Count("", 4, 20).low == pytest.approx(0.0573, abs=1e-4)
    assert Count("", 4, 20).fails


def test_orthogonal_weights_are(bench: Bench) -> None:
    images = bench.images.float() / 255
    other = orthogonal(bench.network, 3, images)
    rows = torch.nn.functional.normalize(other.layer("2").weight.flatten(1))
    assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-4)
    own, its = (network.read("2", images).transpose(0, 1).flatten(1).std(1) for network in (bench.network, other))
    assert torch.allclose(its, own.median().expand(len(its)), rtol=0.01), "its units respond as strongly as the network's, as twins' do"


def numbered(bench: Bench, groups: int) -> SiteView:
    """A view whose one unit responds with the photograph's number; photographs of a group are of one half."""
    photograph = bench.view.patches.photograph
    group = np.zeros(bench.view.photographs, np.int64)
    fold = bench.view.patches.fold[np.unique(photograph, return_index=True)[1]]
    for half in (0, 1):
        members = np.flatnonzero(fold == half)
        group[members] = half * groups + np.arange(len(members)) % groups
    responses = photograph[:, None].astype(np.float32)
    return replace(bench.view, responses=responses, stimuli=Stimuli((None,) * len(group), group))


@pytest.mark.parametrize("groups", [3, 40])
def test_responses_are_dealt_to_other_photographs_of_the_same_half_group_by_group(bench: Bench, groups: int) -> None:
    view = numbered(bench, groups)
    assert view.stimuli is not None
    source = dealt(view, np.random.default_rng(1)).responses[:, 0].astype(int)
    photograph, group = view.patches.photograph, view.stimuli.group
    assert all(len({*source[photograph == one]}) == 1 for one in range(view.photographs)), "a photograph's responses stay together"
    assert all(len({*group[source[group[photograph] == one]]}) == 1 for one in np.unique(group)), "so do a group's"
    fold = np.zeros(view.photographs, np.int64)
    fold[photograph] = view.patches.fold
    assert (fold[source] == view.patches.fold).all()
    assert (source != photograph).mean() > 0.5


def test_what_is_dealt_anew_passes_seldom(bench: Bench) -> None:
    claim = CLAIMS.get("identification")
    count = deranged(bench.view, claim, 60)
    assert count is not None
    assert (count.trials, count.fails) == (60, False)
    spread = deranged(bench.view, CLAIMS.get("privileged"), 3)
    assert spread is not None
    assert spread.name == "responses dealt"
    assert deranged(bench.view, CLAIMS.get("alive"), 3) is None
    assert deranged(bench.view, CLAIMS.get("selective"), 3) is None, "there are no class folders"


def test_untrained_networks_are_counted_by_the_judges_rules(bench: Bench) -> None:
    asked = replace(bench, claims=(CLAIMS.get("identification"), CLAIMS.get("privileged"), CLAIMS.get("alive")))
    found = untrained(asked, 2, 2)
    assert list(found) == ["identification", "privileged"], "what says nothing about learning is not asked for"
    for kinds in found.values():
        assert [(count.trials, count.hits) for pair in kinds.values() for count in pair] == [(2, 0)] * 6, "two twins open no gate"


def test_a_network_beyond_its_twins_is_told(bench: Bench) -> None:
    """Units whose exemplars look alike as no twin's do: the count can find something."""
    claim, twins = CLAIMS.get("privileged"), bench.twins(2, 0)
    one = bench.seen(bench.twin("shuffle", 1))
    pool = [twins[number % 2] for number in range(20)]
    effect = one.measured(claim).effect
    strong = replace(one.measured(claim), effect=effect + 9, p=np.full(len(effect), 1e-4))
    told = bench.judged(Seen(one.view, {(claim.name, -1): strong}), pool, claim)
    assert (told.gate, told.stands) == (True, told.tested)
    weak = replace(strong, effect=effect - 9)
    assert not bench.judged(Seen(one.view, {(claim.name, -1): weak}), pool, claim).gate
