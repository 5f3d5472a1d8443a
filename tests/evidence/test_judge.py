from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.errors import InputError, SettingError
from optogram.evidence import _judge, _twins
from optogram.evidence._result import Evidence
from optogram.network.network import Network

Judge = Callable[..., Evidence]


@pytest.fixture(scope="module")
def network() -> og.Network:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 6, 7), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3))
    return og.Network(module, og.Preprocess(size=24), name="small")


@pytest.fixture(scope="module")
def sweep(network: og.Network) -> og.Sweep:
    pictures = np.random.default_rng(0).integers(0, 256, (80, 6, 6, 3)).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    return og.sweep(network, og.open_images(pictures), progress=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def judge(network: og.Network, sweep: og.Sweep) -> Judge:
    return lambda **settings: og.judge(network, sweep.photos, sweep, **{"twins": 3, "progress": False, **settings})


@pytest.fixture(scope="module")
def evidence(judge: Judge, kept: Path) -> Evidence:
    return judge(checkpoint=kept)


def test_every_unit_has_a_row_for_every_null(evidence: Evidence, network: og.Network, sweep: og.Sweep) -> None:
    expected = [(f"{site}:{unit}", null) for site in sweep.sites for unit in range(network.site(site).units) for null in ("wrong picture", "twins")]
    assert [(row.unit, row.null) for row in evidence] == expected
    assert {row.verdict for row in evidence} <= {"leans", "can't tell", "salmon", "not tested"}, "three twins are too few for anything to stand"


def test_no_number_is_finer_than_its_draws_allow(evidence: Evidence) -> None:
    tested = [row for row in evidence if row.p == row.p]
    assert tested
    for row in tested:
        assert row.floor <= row.p <= row.q <= 1
        assert row.floor == pytest.approx(1 / (1 + row.draws))
        assert row.p == pytest.approx((1 + row.count) / (1 + row.draws))
        assert not row.low > row.high
    for row in evidence:
        if row.verdict != "not tested":
            assert f"{row.count:,} of {row.draws:,}" in row.sentence
            assert "to the viewer bank" in row.sentence
        else:
            assert row.sentence.startswith("Not tested")
    for family in evidence.families:
        assert not family.gate_open
        assert family.gate_p != family.gate_p or family.gate_p >= 0.25
        assert family.sentence == "not tested" or "3 twins cannot show more" in family.sentence


def test_what_is_kept_is_read_back_and_not_run_again(judge: Judge, evidence: Evidence, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(kept.glob("twin-*.npz"))) == 3
    calls = []
    twin = Network.twin
    monkeypatch.setattr(Network, "twin", lambda self, *args, **kwargs: calls.append(args[:2]) or twin(self, *args, **kwargs))
    again = judge(checkpoint=kept)
    assert calls == []
    assert repr(again.rows) == repr(evidence.rows)
    site = evidence.families[0].site
    for index, other in enumerate(({"seed": 7}, {"twin_kind": "shuffle"}, {"sites": [site]}), 1):
        judge(checkpoint=kept, **{"sites": [site], **other})
        assert len(calls) == 3 * index, f"twins kept for other settings were taken for those of {other}"
    monkeypatch.setattr(_twins, "rules", lambda packages: "older")
    judge(checkpoint=kept, sites=[site])
    assert len(calls) == 12, "twins measured by other rules were taken for those of today's"


def test_both_kinds_of_twin_take_turns(judge: Judge, evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, calls = evidence.families[0].site, []
    twin = Network.twin
    monkeypatch.setattr(Network, "twin", lambda self, *args, **kwargs: calls.append(args[:2]) or twin(self, *args, **kwargs))
    found = judge(sites=[site], twin_kind="both", seed=4, checkpoint=tmp_path)
    assert calls == [("reinit", 4), ("shuffle", 5), ("reinit", 6)]
    assert found.families[0].kinds == ("reinit", "shuffle")
    assert found.provenance.settings["twin_kind"] == "reinit and shuffle"
    judge(sites=[site], twins=1, seed=6, checkpoint=tmp_path)
    assert len(calls) == 3, "a twin that was kept serves, whatever stood beside it"


def test_without_a_checkpoint_the_same_comes_out(judge: Judge, evidence: Evidence) -> None:
    site = evidence.families[0].site
    alone = judge(sites=[site])
    assert {row.site for row in alone} == {site}
    for one, other in zip(alone, (row for row in evidence if row.site == site), strict=True):
        assert (one.unit, one.null) == (other.unit, other.null)
        np.testing.assert_equal((one.effect, one.p, one.q, one.count), (other.effect, other.p, other.q, other.count))


@pytest.fixture(scope="module")
def labelled(network: og.Network, sweep: og.Sweep) -> Evidence:
    """Every claim at one site, with class folders and marks; three twins."""
    pictures = [sweep.photos.load(index) for index in range(len(sweep.photos))]
    photos = og.open_images(np.stack(pictures)).labelled([f"class {number % 3}" for number in range(len(pictures))])
    marks = {photos.identity(index): index % 4 == 0 for index in range(len(photos))}
    own = og.sweep(network, photos, sites=[sweep.sites[0]], progress=False)
    return og.judge(network, photos, own, claims="all", marks=marks, twins=3, progress=False)


def test_all_claims_are_those_that_can_be_tested(labelled: Evidence, judge: Judge, sweep: og.Sweep) -> None:
    cheap = {name for name in _judge.CLAIMS.names() if not {"pictures", "maps"} & {*_judge.CLAIMS.get(name).needs}}
    assert {family.claim for family in labelled.families} == cheap
    without = judge(claims="all", sites=[sweep.sites[0]])
    assert {family.claim for family in without.families} == cheap - {"selective", "hypothesis"}
    for name, told in (("selective", "class folders"), ("hypothesis", "a reader's marks")):
        with pytest.raises(SettingError, match=told):
            judge(claims=[name])


def test_every_claim_keeps_its_numbers_in_order(labelled: Evidence) -> None:
    for claim in {family.claim for family in labelled.families}:
        rows = [row for row in labelled if row.claim == claim]
        nulls = {row.null for row in rows}
        assert nulls == (
            {_judge.CLAIMS.get(claim).own_null, "twins"} if _judge.CLAIMS.get(claim).beyond_twins else {_judge.CLAIMS.get(claim).own_null}
        )
        tested = [row for row in rows if row.p == row.p]
        if not tested:
            assert claim == "facets", "these are too few photographs for it alone"
            assert all("photographs (groups counted once)" in row.sentence and row.verdict == "not tested" for row in rows)
        for row in tested:
            assert 0 < row.floor <= row.p <= row.q <= 1
            assert not row.low > row.high
            assert row.draws == 0 or row.p == pytest.approx((1 + row.count) / (1 + row.draws))
            assert row.verdict != "stands" or not _judge.CLAIMS.get(claim).beyond_twins, "three twins are too few"
            assert (row.viewer == "bank") == _judge.CLAIMS.get(claim).sees == ("to the viewer bank" in row.sentence)


def test_other_claims_do_not_change_a_claims_verdicts(labelled: Evidence, network: og.Network, sweep: og.Sweep) -> None:
    site = labelled.families[0].site
    alone = og.judge(network, sweep.photos, sweep, sites=[site], twins=3, progress=False)
    together = {row.unit: row.verdict for row in labelled if row.claim == "identification"}
    assert {row.unit for row in alone} == set(together)
    assert len([family for family in labelled.families if family.claim == "identification"]) == 1
    assert "over 1 site" in labelled.family(site, "identification").sentence or labelled.family(site, "identification").sentence == "not tested"


def test_marks_of_other_photographs_are_refused(network: og.Network, sweep: og.Sweep) -> None:
    with pytest.raises(InputError, match="none of the 1 marked photographs"):
        og.judge(network, sweep.photos, sweep, claims=["hypothesis"], marks={"elsewhere.jpg": True}, twins=1, progress=False)


def test_wrong_settings_are_refused_before_anything_is_run(network: og.Network, sweep: og.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optogram.exemplars.sweep.sweep", lambda *_, **__: pytest.fail("swept first"))
    monkeypatch.setattr(_judge, "_patches", lambda *_: pytest.fail("looked first"))
    with pytest.raises(SettingError, match="at least 1 twin"):
        og.judge(network, sweep.photos, twins=0)
    with pytest.raises(SettingError, match="identification"):
        og.judge(network, sweep.photos, claims=["identificaton"])
    with pytest.raises(SettingError, match="cannot be its own viewer"):
        og.judge(network, sweep.photos, viewer=network)


def test_the_first_twin_is_judged_by_the_others(judge: Judge, evidence: Evidence, kept: Path, network: og.Network, sweep: og.Sweep) -> None:
    """What is said of the twin in its pictures' own test is what judging it as a network of its own says."""
    twin = network.twin("reinit", 0, sweep.panel.images(network, sweep.photos)[:128].float() / 255)
    twin_sweep = og.sweep(twin, sweep.photos, progress=False)
    found = judge(checkpoint=kept, twin_sweep=twin_sweep)
    assert [row.effect for row in found] == pytest.approx([row.effect for row in evidence], nan_ok=True)
    assert evidence.twin is None
    told = found.twin
    assert told is not None
    assert (told.provenance.weights, len(told)) == (twin.weights_hash, len(found))
    assert {family.families.size for family in told.families} == {2}
    alone = og.judge(twin, sweep.photos, twin_sweep, twins=1, progress=False)
    for one, other in zip(told, alone, strict=True):
        if one.null != "twins":
            assert (one.unit, one.count, one.draws) == (other.unit, other.count, other.draws)
            assert (one.effect, one.p, one.low) == pytest.approx((other.effect, other.p, other.low), rel=1e-4, nan_ok=True)
    with pytest.raises(SettingError, match="another panel"):
        judge(checkpoint=kept, twin_sweep=og.sweep(twin, sweep.photos, panel=20, progress=False))
