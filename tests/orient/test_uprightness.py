from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from optogram.errors import LoadError, SettingError, StaleError
from optogram.network.load import load
from optogram.orient.answers import answered
from optogram.orient.evidence import feature_units, score_maps, unit_shares
from optogram.orient.fitting import surprise
from optogram.orient.measures import accuracy, at_coverage, calibration_error, reliability
from optogram.orient.squares import four_turns, square
from optogram.orient.uprightness import Scorer, features
from optogram.zoo._planted import planted


def scorer(sites: tuple[str, ...] = ("rectified",), size: int = 160) -> Scorer:
    random = np.random.default_rng(0)
    weights = random.normal(size=size).astype(np.float32)
    network = planted(3).network
    return Scorer(
        "templates", network.weights_hash, sites, 32, np.zeros(size, np.float32), np.ones(size, np.float32), weights, 2.0, 0.1, "zoo:templates"
    )


def test_measures_by_hand() -> None:
    logits = np.log(np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0.6, 0.4, 0, 0], [0.45, 0.55, 0, 0]]) + 1e-12)
    assert accuracy(logits).estimate == 0.5
    assert [float(at_coverage(logits, share).estimate) for share in (0.25, 0.5, 0.75)] == pytest.approx([1, 0.5, 2 / 3])
    bins = reliability(logits, 2)
    np.testing.assert_allclose(bins.confidence, [0.575, 0.85])
    assert bins.right.tolist() == [1, 1]
    assert calibration_error(logits, 2) == pytest.approx((0.075 + 0.35) / 2)
    assert surprise(logits) == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.45]).mean(), abs=1e-6)


def test_the_answer_turns_with_the_photograph() -> None:
    network, held = planted(3).network, scorer()
    sites = [network.site(address) for address in held.sites]
    pixels = np.random.default_rng(1).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    answers = []
    for turn in range(4):
        found = features(network, sites, four_turns(np.ascontiguousarray(np.rot90(pixels, turn))))
        answers.append(answered("x", held.logits(found[None])[0]))
    assert [(answer.turn - answers[0].turn) % 4 for answer in answers] == [0, 1, 2, 3]
    assert max(answer.confidence for answer in answers) == pytest.approx(min(answer.confidence for answer in answers), abs=1e-5)


def test_features_are_rectified_means_over_fields() -> None:
    network = planted(3).network
    images = torch.rand(2, 3, 35, 35)
    raw = network.read("templates", images).clamp_min(0)
    found = features(network, [network.site("templates")], images).reshape(2, 10, 4, 4)
    np.testing.assert_allclose(found, raw.reshape(2, 10, 4, 6, 4, 6).mean((3, 5)), atol=1e-6)


def test_squares_are_cut_first_and_turned_exactly(unchecked: None) -> None:
    photo = np.zeros((40, 100, 3), np.uint8)
    photo[:, 30:70] = np.random.default_rng(0).integers(1, 255, (40, 40, 3))
    cut = square(photo, 40)
    np.testing.assert_array_equal(cut, photo[:, 30:70])
    turns = four_turns(cut)
    for turn in range(4):
        np.testing.assert_array_equal(turns[turn], torch.rot90(turns[0], turn, (1, 2)))
    encoded = four_turns(cut, "encoded", np.random.default_rng(0))
    assert not torch.equal(torch.rot90(encoded[1], -1, (1, 2)), encoded[0])
    blurred = four_turns(cut, "blurred")
    assert (blurred[0].diff(dim=2).abs().mean()) < turns[0].diff(dim=2).abs().mean() / 3
    with pytest.raises(SettingError, match="blurred"):
        four_turns(cut, "blured")  # type: ignore[arg-type]


def test_shares_add_up_to_the_score() -> None:
    network, held = planted(3).network, scorer(("rectified", "energy"), 176)
    found = torch.rand(5, 4, 176)
    logits = held.logits(found)
    np.testing.assert_allclose(unit_shares(network, held, found).sum(1), logits[:, 0] - logits[:, 1:].mean(1), atol=1e-4)
    groups, count = feature_units(network, held)
    assert count == 11
    assert groups.bincount().tolist() == [16] * 11


def test_maps_are_the_guided_gradient_of_the_score() -> None:
    """One rectified convolution: where its gradient coming in is positive and it is open, the weights, summed: computed by hand."""
    network, held = planted(3).network, scorer()
    image = torch.rand(1, 3, 32, 32)
    found = score_maps(network, held, image)[0]
    layer = network.layer("templates")
    pre = torch.nn.functional.conv2d(image, layer.weight, layer.bias)
    pooled = torch.nn.functional.adaptive_avg_pool2d
    inner = pre.clamp_min(0).requires_grad_()
    (pooled(inner, 4).flatten(1) @ torch.from_numpy(held.weights)).sum().backward()
    passed = inner.grad.clamp_min(0) * (pre > 0)  # type: ignore[union-attr]
    np.testing.assert_allclose(found, torch.nn.functional.conv_transpose2d(passed, layer.weight)[0].sum(0), atol=1e-5)


def test_kept_and_read_again(tmp_path: Path) -> None:
    held = scorer()
    again = Scorer.load(held.save(tmp_path / "up.npz"))
    found = torch.rand(3, 4, 160)
    np.testing.assert_allclose(again.logits(found), held.logits(found))
    assert (again.sites, again.spec, again.temperature) == (held.sites, held.spec, held.temperature)
    (tmp_path / "no.npz").write_bytes(b"nothing")
    with pytest.raises(LoadError, match="orient train"):
        Scorer.load(tmp_path / "no.npz")
    with pytest.raises(StaleError, match="other weights"):
        held.check(load("zoo:photonet"))


def test_mirrored_features_are_the_mean_of_both_and_cannot_tell_left_from_right() -> None:
    network, images = load("zoo:photonet"), torch.rand(2, 3, 64, 64)
    sites = [network.site("bn4")]
    one, other = (features(network, sites, shown) for shown in (images, images.flip(-1)))
    both, flipped = (features(network, sites, shown, mirrored=True) for shown in (images, images.flip(-1)))
    torch.testing.assert_close(both, (one + other) / 2)
    torch.testing.assert_close(both, flipped)
    assert (one - other).abs().max() > 0.01
