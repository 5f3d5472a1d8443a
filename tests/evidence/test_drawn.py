from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.evidence.fooling import Pixels

import optogram as og
from optogram.errors import SettingError
from optogram.evidence import _drawn
from optogram.evidence._drawn import lowered, raised, seen
from optogram.evidence._judge import CLAIMS, site_views
from optogram.evidence._making import Making
from optogram.evidence._mapped import Mapped
from optogram.evidence._path import _framed, activations, before, way, window
from optogram.evidence._result import Evidence, Row
from optogram.evidence._scene import Scene, recorded, scenes_of
from optogram.evidence._view import SiteView
from optogram.evidence.natural_path import natural_path
from optogram.geometry import Box
from optogram.synthesis import synthesize as module
from optogram.zoo._fooling import EACH, planted

UNITS, STEPS, TWINS = 2 * EACH, 48, 2
PICTURED = sorted(name for name in CLAIMS.names() if raised in CLAIMS.get(name).records)


@pytest.fixture(scope="module")
def network() -> og.Network:
    return planted()[0]


@pytest.fixture(scope="module")
def sweep(network: og.Network) -> og.Sweep:
    return og.sweep(network, og.open_images(planted()[1]), sites=["units"], progress=False)


@pytest.fixture(scope="module")
def scene(network: og.Network, sweep: og.Sweep) -> Scene:
    images = sweep.panel.images(network, sweep.photos)
    return scenes_of(network, images, sweep, [network.site("units")], Pixels(), Making(UNITS, STEPS), 0, Mapped())["units"]


@pytest.fixture(scope="module")
def view(network: og.Network, sweep: og.Sweep, scene: Scene) -> SiteView:
    bare = site_views(network, sweep.photos, sweep, [network.site("units")], Pixels(), False, keep=True)["units"]
    return recorded(network, bare, scene, [raised, lowered, way])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def judge(network: og.Network, sweep: og.Sweep, kept: Path) -> Callable[..., Evidence]:
    def judged(**settings: object) -> Evidence:
        usual = {"claims": PICTURED, "viewer": Pixels(), "twins": TWINS, "checkpoint": kept, "pictures": {"units": UNITS, "steps": STEPS}}
        return og.judge(network, sweep.photos, sweep, progress=False, **{**usual, **settings})

    return judged


@pytest.fixture(scope="module")
def calls() -> list[int]:
    return []


@pytest.fixture(scope="module")
def evidence(judge: Callable[..., Evidence], calls: list[int]) -> Evidence:
    made = module.synthesize

    def counted(network: og.Network, goals: list[object], **settings: object) -> og.Synthesis:
        calls.append(len(goals))
        return made(network, goals, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "synthesize", counted)
        return judge()


def rows(evidence: Evidence, claim: str, null: str) -> list[Row]:
    return sorted((row for row in evidence if (row.claim, row.null) == (claim, null)), key=lambda row: row.index)


def test_pictures_are_those_of_synthesize_and_drive_the_unit_as_far_as_told(network: og.Network, view: SiteView) -> None:
    made = view.recorded["raised"]
    assert made.units.tolist() == list(range(UNITS))
    alone = og.synthesize(network, ["units:3", "units:9"], objective="neuron", steps=STEPS, progress=False)
    for index, unit in enumerate((3, 9)):
        np.testing.assert_allclose(made.pictures[unit], alone.image(index), atol=2e-3)
        assert made.pictures[unit].shape == (3, 8, 8), "cut to the receptive field"
        answer = network.read("units", torch.from_numpy(made.pictures[unit])[None])
        assert made.reached[unit] == pytest.approx(float(answer[0, unit, 0, 0]), rel=1e-3, abs=1e-3)
    assert (made.reached > view.recorded["lowered"].reached).all()


def test_the_viewer_sees_pictures_in_the_middle_of_gray_at_the_patches_scale(view: SiteView) -> None:
    """A picture of the boxes' size is seen as it is; a smaller one with gray around it."""
    picture = view.recorded["raised"].pictures[0]
    pixels = (picture * 255).round().transpose(1, 2, 0)
    framed = np.full((16, 16, 3), 128.0)
    framed[4:12, 4:12] = pixels
    gaze = view.patches.gaze
    assert gaze is not None

    def expected(patch: np.ndarray) -> np.ndarray:
        return gaze.likeness(patch[None, :, :, :2].reshape(1, -1).astype(np.float32))

    np.testing.assert_allclose(seen(Pixels(), [picture], Box(0, 0, 8, 8), view), expected(pixels), atol=1e-5)
    halved = seen(replace(Pixels(), side=8), [picture], Box(0, 0, 16, 16), view)
    from PIL import Image

    small = np.asarray(Image.fromarray(framed.astype(np.uint8)).resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(halved, expected(small), atol=1e-5)
    with pytest.raises(SettingError, match="keep=True"):
        seen(Pixels(), [picture], Box(0, 0, 8, 8), replace(view, patches=replace(view.patches, gaze=None)))


def test_one_picture_serves_all_claims_of_a_network_and_of_each_twin(evidence: Evidence, calls: list[int]) -> None:
    assert {family.claim for family in evidence.families} == set(PICTURED)
    assert calls == [UNITS] * (2 * (1 + TWINS) + 1), "raised and lowered, of the network and of two twins; once again of the network only"
    assert not np.isfinite(evidence.family("units", "reliable").effects).any()
    assert "twins" not in evidence.family("units", "reliable").sentence


def test_every_number_is_in_order_and_every_sentence_names_its_viewer(evidence: Evidence) -> None:
    for claim in PICTURED:
        own = CLAIMS.get(claim)
        found = [row for row in evidence if row.claim == claim]
        assert {row.null for row in found} == ({own.own_null, "twins"} if own.beyond_twins else {own.own_null})
        assert len({row.unit for row in found}) == UNITS
        assert sum(row.p == row.p for row in found) >= UNITS
        for row in found:
            if row.verdict == "not tested":
                continue
            assert 0 < row.floor <= row.p <= row.q <= 1
            assert row.p == pytest.approx((1 + row.count) / (1 + row.draws))
            assert not row.low > row.high
            assert (row.viewer == "pixels") == own.sees == ("to the viewer pixels" in row.sentence)
            assert f"{row.count:,} of {row.draws:,}" in row.sentence
            assert row.verdict != "stands" or not own.beyond_twins, "two twins are too few"


def test_fooling_circuits_are_flagged_and_innocent_units_are_not(evidence: Evidence) -> None:
    """Photographs drive the first eight units by one template, their pictures show another; the last eight are what they show."""
    off = ["FLAGGED" in row.sentence for row in rows(evidence, "natural_path", "wrong picture")]
    assert off == [True] * EACH + [False] * EACH
    assert evidence.family("units", "natural_path").confounds["units flagged"] == EACH
    named = [row.q <= 0.05 for row in rows(evidence, "identification_by_picture", "wrong picture")]
    assert not any(named[:EACH])
    assert np.mean(named[EACH:]) >= 0.75
    better = rows(evidence, "picture_or_exemplars", "exchanged")
    assert all(row.effect < 0 for row in better[:EACH])
    assert np.mean([row.q <= 0.05 and row.effect < 0 for row in better[:EACH]]) >= 0.9
    assert all(row.q <= 0.05 for row in rows(evidence, "reliable", "wrong picture")), "a lie told twice is still reliable"


def test_another_viewer_finds_the_pictures_made(judge: Callable[..., Evidence], evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "synthesize", lambda *_, **__: pytest.fail("made again"))
    again = judge(viewer=replace(Pixels(), name="others"), claims=["reached", "identification_by_picture"])
    for claim in ("reached", "identification_by_picture"):
        for one, other in zip(rows(again, claim, "twins"), rows(evidence, claim, "twins"), strict=True):
            assert (one.effect, one.p) == pytest.approx((other.effect, other.p))


def test_both_kinds_of_twin_make_pictures(judge: Callable[..., Evidence], evidence: Evidence) -> None:
    found = judge(claims=["reached"], twins=1, twin_kind="shuffle")
    family, other = found.family("units", "reached"), evidence.family("units", "reached")
    assert family.kinds == ("shuffle",)
    assert family.observed == pytest.approx(other.observed)
    assert np.isfinite(family.families).all()
    assert family.families[0] not in other.families
    assert "in two halves" not in found.rows[0].sentence, "photographs are not split where nothing is chosen from them"


def test_few_units_by_number_and_by_address(judge: Callable[..., Evidence], evidence: Evidence) -> None:
    found = judge(claims=["identification_by_picture"], pictures={"units": ["units:6-13"], "steps": STEPS}, twins=1)
    tested = [row.index for row in rows(found, "identification_by_picture", "wrong picture") if row.verdict != "not tested"]
    assert tested == [6, 7, 8, 9, 10, 11, 12, 13]
    other = next(row for row in found if row.index == 0)
    assert other.sentence == "Not tested: no picture was made of it; 8 of 16 units have one."


def test_a_site_none_of_whose_units_is_named_is_not_tested(network: og.Network, sweep: og.Sweep) -> None:
    both = og.sweep(network, sweep.photos, sites=["gated", "units"], progress=False)
    making = {"units": ["units"], "steps": 1}
    found = og.judge(network, sweep.photos, both, claims=PICTURED, viewer=Pixels(), twins=1, pictures=making, progress=False)
    verdicts = {site: {row.verdict for row in found if row.site == site} for site in ("gated", "units")}
    assert verdicts["gated"] == {"not tested"}
    assert verdicts["units"] - {"not tested"}


def test_the_sites_before_a_unit_are_those_that_change_it(network: og.Network) -> None:
    assert [site.address for site in before(network, network.site("units"), (8, 8))] == ["templates", "gated"]
    assert before(network, network.site("templates"), (8, 8)) == []
    branches = og.Network(Branches(), og.Preprocess(size=12))
    assert [site.address for site in before(branches, branches.site("right"), (12, 12))] == ["first"]


class Branches(torch.nn.Module):
    """`left` runs before `right`, but is not on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.left, self.right = (torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        held = self.first(images)
        return torch.cat([self.left(held), self.right(held)], 1)


def test_windows_lie_around_the_box_and_inside_the_photograph() -> None:
    image = torch.arange(3 * 10 * 12, dtype=torch.int64).remainder(256).to(torch.uint8).reshape(3, 10, 12)
    assert torch.equal(window(image, Box(2, 3, 6, 7), (4, 4)), image[:, 2:6, 3:7])
    assert torch.equal(window(image, Box(-3, 9, 3, 15), (4, 4)), image[:, 0:4, 8:12])
    assert torch.equal(window(image, Box(0, 0, 10, 12), (6, 6)), image[:, 2:8, 3:9])


def test_activations_are_means_over_places(network: og.Network) -> None:
    images = torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    found = activations(network, [network.site("templates"), network.site("gated")], images)
    for address in ("templates", "gated"):
        np.testing.assert_allclose(found[address], network.read(address, images).mean((2, 3)).numpy(), atol=1e-5)


def test_the_twin_is_told_of_by_its_own_pictures(judge: Callable[..., Evidence], network: og.Network, sweep: og.Sweep, scene: Scene) -> None:
    """Coherence on the way is measured of the twin's pictures, not of the network's; nothing is asked of its pictures from another start."""
    twin = network.twin("reinit", 0, sweep.panel.images(network, sweep.photos)[:128].float() / 255)
    swept = og.sweep(twin, sweep.photos, sites=["units"], progress=False)
    found = judge(twin_sweep=swept, claims=["natural_path", "reliable"]).twin
    bare = site_views(twin, sweep.photos, swept, [twin.site("units")], Pixels(), False, keep=True)["units"]
    seen = recorded(twin, bare, scene, [raised, way])
    expected = natural_path.confounds(seen, natural_path.measure(seen))
    assert found is not None
    told = found.family("units", "natural_path").confounds
    assert {name: told[name] for name in expected} == pytest.approx(expected, abs=1e-3)
    assert {row.verdict for row in rows(found, "reliable", "wrong picture")} == {"not tested"}


def test_patches_and_pictures_are_shown_alike_where_a_network_takes_one_size_only() -> None:
    """The middle of either, as much as is cut, with gray around."""
    picture = np.random.default_rng(0).random((3, 10, 8)).astype(np.float32)
    framed = _framed(picture, (4, 4), (6, 8))
    np.testing.assert_array_equal(framed[:, 1:5, 2:6], picture[:, 3:7, 2:6])
    framed[:, 1:5, 2:6] = 0.5
    assert (framed == 0.5).all()
    np.testing.assert_array_equal(_framed(picture, (10, 8), (10, 8)), picture)


def test_the_first_twin_is_drawn_once_and_what_is_kept_is_of_todays_rules(
    judge: Callable[..., Evidence], network: og.Network, sweep: og.Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a page of its own, it is judged among the others by the pictures that it has as one of them."""
    made, calls = module.synthesize, []

    def counted(network: og.Network, goals: list[object], **settings: object) -> og.Synthesis:
        calls.append(network.name)
        return made(network, goals, **settings)

    monkeypatch.setattr(module, "synthesize", counted)
    twin = network.twin("reinit", 0, sweep.panel.images(network, sweep.photos)[:128].float() / 255)
    asked = {
        "claims": ["identification_by_picture"],
        "pictures": {"units": UNITS, "steps": 1},
        "twin_sweep": og.sweep(twin, sweep.photos, progress=False),
    }
    found = judge(**asked, checkpoint=None)
    assert calls == [name for name in (network.name, twin.name, f"{network.name}:reinit1") for _ in range(2)]
    kept = judge(**asked, checkpoint=tmp_path)
    calls.clear()
    again = judge(**asked, checkpoint=tmp_path)
    assert not calls
    assert found.twin is not None
    assert repr(found.twin.rows) == repr(kept.twin.rows) == repr(again.twin.rows)
    monkeypatch.setattr(_drawn, "rules", lambda packages: "older")
    judge(**asked, checkpoint=tmp_path)
    assert calls == [network.name] * 2 + [twin.name] * 2, "pictures of older rules were taken for those of today's"
