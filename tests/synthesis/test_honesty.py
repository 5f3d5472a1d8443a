"""What is told beside a picture: twins, other seeds, where the objective cared, what failed; and the climb as a movie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.errors import SettingError
from optogram.synthesis.agreement import agreement
from optogram.synthesis.result import Synthesis
from optogram.synthesis.sheet import CELL, GAP, NOTHING, faded
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

TRUTH = planted(1)
NET = TRUTH.network


def made(units: object, **settings: object) -> Synthesis:
    return synthesize(NET, units, **{"steps": 12, "canvas": "pixel", "transforms": (), "progress": False, **settings})  # type: ignore[arg-type]


def test_twins_are_climbed_too_and_told() -> None:
    twins = [NET.twin(seed=seed) for seed in range(2)]
    found = made(["templates:5", "templates:0@4,4"], twins=twins)
    assert found.twins is not None
    for row, twin in zip(found.twins, twins, strict=True):
        by_hand = synthesize(twin, ["templates:5", "templates:0@4,4"], steps=12, canvas="pixel", transforms=(), progress=False)
        assert row == pytest.approx(by_hand.activations, rel=1e-3)
    assert f"(2 twins: {found.twins[:, 0].min():.3g} to {found.twins[:, 0].max():.3g})" in found.line(0)


@pytest.mark.parametrize(("channels", "name"), [(1, "spot"), (3, "opponent")])
def test_where_the_objective_cared_is_where_the_template_weighs(channels: int, name: str) -> None:
    """The gradient of a linear neuron is its template, at every step the same; one colour up and another down is caring too."""
    truth = planted(channels)  # type: ignore[arg-type]
    settings = {"steps": 12, "canvas": "pixel", "transforms": (), "progress": False, "objective": "neuron"}
    found = synthesize(truth.network, truth.addresses[name], caring=True, **settings)  # type: ignore[arg-type]
    assert found.caring is not None
    assert found.caring[0] == pytest.approx(12 * np.abs(truth.truth[name]).sum(0), rel=1e-3, abs=1e-5)
    with pytest.raises(SettingError, match="caring=True"):
        made("templates:0").transparent()


def test_a_picture_is_drawn_where_the_objective_cared_and_white_elsewhere() -> None:
    caring = np.zeros((64, 48), np.float32)
    caring[20:40, 10:30] = 3.0
    picture = np.random.default_rng(0).random((3, 64, 48), dtype=np.float32) * 0.5
    shown = faded(picture, caring)
    assert np.allclose(shown[:, 24:36, 14:26], picture[:, 24:36, 14:26], atol=1e-6)
    assert (shown[:, 50:] > 0.999).all()
    assert (shown[:, :, 40:] > 0.999).all()
    half = faded(picture, caring * np.linspace(0, 1, 48))  # half as much caring, half as opaque
    opaque = (1 - half[:, 28, 14:26]) / (1 - picture[:, 28, 14:26])
    assert (np.diff(opaque, axis=1)[:, :6] > 0).all()
    assert (faded(picture, np.zeros((64, 48), np.float32)) == 1).all()


def test_the_transparent_sheet_fades_its_pictures_and_keeps_those_with_opacity_of_their_own(tmp_path: Path) -> None:
    found = made([TRUTH.addresses["spot"], TRUTH.addresses["constant"]], objective="neuron", caring=True, size=32, steps=24)
    cell = np.asarray(found.transparent().convert("L"))[GAP : GAP + CELL, GAP : GAP + CELL] / 255
    plain = np.asarray(found.figure().convert("L"))[GAP : GAP + CELL, GAP : GAP + CELL] / 255
    outside = np.ones((CELL, CELL), bool)
    edge = (CELL - 32 * 4) // 2
    outside[edge + 8 * 4 : edge + 24 * 4, edge + 8 * 4 : edge + 24 * 4] = False  # the neuron in the middle sees 12 pixels, and smoothing adds some
    assert (cell[outside] > 0.99).all()
    middle = (slice(CELL // 2 - 4, CELL // 2 + 4),) * 2
    assert np.abs(cell[middle] - plain[middle]).max() < 0.02
    opaque = made(TRUTH.addresses["spot"], canvas="cppn_alpha", objective="neuron", steps=24)
    assert opaque.alpha is not None
    on_white = opaque.image(0) + 0.5 * (1 - opaque.alpha[0])  # on gray it is colour + alpha / 2
    drawn = np.asarray(opaque.transparent().convert("L"))[GAP : GAP + CELL, GAP : GAP + CELL] / 255
    assert np.abs(drawn[6::12, 6::12] - on_white[0]).max() < 0.01
    kept = found.save(tmp_path / "faded.png", transparent=True)
    with Image.open(kept) as sheet:
        assert np.array_equal(np.asarray(sheet.convert("RGB")), np.asarray(found.transparent()))


def test_seeds_agree_about_linear_units_and_not_with_other_units() -> None:
    found = agreement(NET, ["templates:0", "templates:5", "templates:6"], seeds=2, steps=24, canvas="pixel", transforms=(), progress=False)
    assert (found.same > 0.95).all()
    assert (found.other < 0.5).all()
    assert found.line(0).startswith("templates:0   2 seeds agree to ")
    with pytest.raises(SettingError, match="at least 2 units of one site"):
        agreement(NET, ["templates:0", "energy:0"])


def test_several_seeds_of_any_units_tell_how_far_they_agree() -> None:
    asked = ["templates:0", "templates:5", "templates:6", "energy:0"]
    found = made(asked, seeds=2, steps=24)
    by_hand = agreement(NET, asked[:3], seeds=2, steps=24, canvas="pixel", transforms=(), progress=False)
    assert found.agreement is not None
    assert found.agreement[:3] == pytest.approx(np.stack([by_hand.same, by_hand.other], 1), abs=1e-6)
    assert np.isnan(found.agreement[3]).all()  # alone at its site
    assert np.array_equal(found.images, made(asked, steps=24).images)
    assert f"(seeds agree to {found.agreement[0, 0]:.2f}, with other units' pictures {found.agreement[0, 1]:.2f})" in found.line(0)
    assert "agree" not in found.line(3)
    small = made(["templates:0@0,0", "templates:5@4,4"], seeds=2)  # pictures of a field's size
    assert small.sizes.tolist() == [[12, 12], [12, 12]]
    assert small.agreement is not None
    assert np.isfinite(small.agreement).all()
    with pytest.raises(SettingError, match="seeds are at least 1"):
        made("templates:0", seeds=0)


def test_what_failed_is_named_and_not_drawn() -> None:
    dead = TRUTH.addresses["dead"].replace("templates", "rectified")
    found = made([TRUTH.addresses["constant"], dead, TRUTH.addresses["spot"]])
    assert found.verdict[:2] == ("no gradient", "dead start")
    page = np.asarray(found.figure())
    cell = page[8 : 8 + 144, 8 : 8 + 144]
    assert set(map(tuple, cell.reshape(-1, 3))) == {NOTHING, (255, 255, 255)}


def test_what_failed_is_not_drawn_in_movies_either(tmp_path: Path) -> None:
    found = made([TRUTH.addresses["constant"], TRUTH.addresses["spot"]], frames=4)
    assert found.verdict[0] == "no gradient"
    for film, at in ((found.movie(tmp_path / "climb.webp"), -1), (found.tour(tmp_path / "row.webp"), 0)):
        with Image.open(film) as frames:
            frames.seek(frames.n_frames - 1 if at else 0)  # type: ignore[attr-defined]
            cell = np.asarray(frames.convert("L"), float)[GAP : GAP + CELL, GAP : GAP + CELL]
        assert (np.abs(cell - 255) < 8).mean() > 0.9  # an empty frame with a line across


def test_a_climb_is_a_movie(tmp_path: Path) -> None:
    found = made(["templates:0", "templates:5@4,4"], frames=5)
    assert [len(way) for way in found.frames] == [5, 5]
    assert np.abs(found.frames[0][0] - 0.5).max() < 0.06
    assert np.abs(found.frames[0][-1] - found.image(0)).mean() < np.abs(found.frames[0][0] - found.image(0)).mean()
    for name in ("climb.webp", "climb.gif"):
        with Image.open(found.movie(tmp_path / name)) as film:
            assert film.n_frames == 6  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match="ends in .webp or .gif"):
        found.movie(tmp_path / "climb.mp4")
    with pytest.raises(SettingError, match="frames=48"):
        made("templates:0").movie(tmp_path / "none.gif")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_photograph_is_given_only_to_what_begins_from_one(tmp_path: Path) -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (40, 50), dtype=np.uint8)
    Image.fromarray(photograph).save(tmp_path / "one.png")
    by_array, by_file = made("templates:0", canvas="image", image=photograph), made("templates:0", canvas="image", image=tmp_path / "one.png")
    assert np.array_equal(by_array.images, by_file.images)
    assert by_array.images.shape == (1, 1, 32, 32)
    with pytest.raises(SettingError, match='give image="cat.jpg"'):
        made("templates:0", preset="accentuation", canvas=None)
    with pytest.raises(SettingError, match='use canvas="image"'):
        made("templates:0", canvas="fourier", image=photograph)
    kept = made("templates:0", canvas="pixel", image=photograph, steps=1)
    assert np.abs(kept.image(0) - made("templates:0", canvas="image", image=photograph, steps=1).image(0)).mean() < 0.05
    with pytest.raises(SettingError, match="is made of photographs"):
        made("templates:0", canvas="patches")
    with pytest.raises(SettingError, match="done to pixels"):
        made("templates:0", canvas="fourier", regularisers=["blur"])


def test_a_climb_can_be_watched_and_broken_off() -> None:
    asked = ["templates:0", "templates:1", "templates:2"]
    seen: list[tuple[int, dict[int, np.ndarray]]] = []
    found = made(asked, frames=4, batch_size=2, watch=lambda step, pictures: seen.append((step, {k: p.numpy().copy() for k, p in pictures.items()})))
    steps = found.trace.shape[1]
    assert sorted((step, index) for step, pictures in seen for index in pictures) == [(step, index) for step in range(steps) for index in range(3)]
    first = next(pictures[2] for step, pictures in seen if 2 in pictures)
    np.testing.assert_allclose(first, np.asarray(found.frames[2][0], np.float32), atol=1e-3)  # kept in half precision
    plain = made(asked, batch_size=2)
    np.testing.assert_array_equal(found.images, plain.images)

    def enough(step: int, pictures: object) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(asked, watch=enough)
