"""Ranks and verdicts on a trained network and photographs: guided backprop fails as published, and fails where its paper says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from scipy.stats import t as student
from tests.metrics.real import squeezenet

import optogram as og
from optogram.metrics._sanity import Check

COARSE = {"site": "features.12"}


@pytest.mark.slow
def test_methods_with_paired_intervals(shared_data: Callable[..., Path], tmp_path: Path) -> None:
    """A trained SqueezeNet, ten photographs: the intervals are of paired differences, and tell what intervals of means do not."""
    net, x = squeezenet(shared_data, 10, every=80)
    names = ["gradient", "integrated_gradients", "guided_backprop", "grad_cam", "occlusion", "attention_rollout"]
    settings = {"grad_cam": COARSE, "integrated_gradients": {"steps": 4}, "occlusion": {"window": 32, "stride": 16}}
    found = og.rank(net, x, methods=names, metric="insertion", settings=settings, baseline="blur", steps=6, progress=False)
    assert list(found.refused) == ["attention_rollout"]
    count = found.values.shape[1]  # a photograph on which some map is nought everywhere has no answer
    assert len(found.values) == 8  # five methods and three maps that cost nothing
    assert 8 <= count <= 10
    rival = found.values[[one.method for one in found.standings].index(found.rival)]
    narrower = 0
    for one, values in zip(found.standings, found.values, strict=True):
        difference = values - rival
        assert one.ahead == pytest.approx(difference.mean(), abs=1e-6)
        half = student.ppf(0.975, count - 1) * difference.std(ddof=1) / count**0.5
        assert one.ahead_high - one.ahead_low == pytest.approx(2 * half, rel=0.35, abs=1e-9)
        narrower += one.method != found.rival and one.ahead_high - one.ahead_low < one.high - one.low
    assert narrower >= 5
    places = {one.method: place for place, one in enumerate(found.standings)}
    assert places["occlusion"] < places["guided_backprop"]
    assert next(one for one in found.standings if one.method == "guided_backprop").verdict == "below"
    found.save(tmp_path / "rank.png")
    with Image.open(tmp_path / "rank.png") as drawn:
        assert drawn.size[0] > 500


@pytest.mark.slow
def test_what_fails_and_what_passes(shared_data: Callable[..., Path]) -> None:
    """By the limits over photographs: guided backprop's map surely stays for another class and without the upper layers; the gradient's goes."""
    net, x = squeezenet(shared_data, 6, every=100)
    top = int(net.run(x).mean(0).argmax())
    checks: dict[str, dict[str, Check]] = {}
    asked: dict[str, dict[str, Any]] = {"guided_backprop": {}, "grad_cam": COARSE, "gradient": {}}
    for method, settings in asked.items():
        found = og.attribute(net, x, f"classifier.1:{top}", method, reduce="mean", progress=False, **settings)
        checks[method] = {check.name: check for check in og.sanity(net, found, twins=3, others=4, progress=False).checks}
    guided, coarse, plain = checks["guided_backprop"], checks["grad_cam"], checks["gradient"]
    assert (guided["class"].verdict, guided["upper layers"].verdict) == ("fails", "fails")
    assert guided["class"].low > 0.5
    assert guided["class"].low > coarse["class"].high
    assert coarse["class"].verdict == "passes"
    assert [check.verdict for check in plain.values()] == ["passes"] * 3
    assert all(guided[name].low > plain[name].high for name in plain)
