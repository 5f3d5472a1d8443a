"""Claims about classes and marks, on units that read a class, a mark that came with it, or the sky: at a grid of d', seeds and strengths.

Seeds, strengths and numbers of things other than those that the networks and claims were developed on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import optogram as og
from optogram.evidence._judge import CLAIMS, site_views
from optogram.evidence._view import SiteView
from optogram.zoo import _sky, _spurious
from optogram.zoo._truth import Truth

CLAIMED = ("alive", "selective", "hypothesis")
SNRS = (0.75, 1.5, 3.0)


class Blank:
    """A viewer for claims in which it has no say."""

    name, side = "blank", 4

    def features(self, patches: np.ndarray) -> np.ndarray:
        return np.ones((len(patches), 2), np.float32)


def view_of(known: Truth, pixels: np.ndarray, folders: Sequence[str], marked: Sequence[bool]) -> SiteView:
    photos = og.open_images(pixels).labelled(folders)
    sweep = og.sweep(known.network, photos, sites=[known.site], progress=False)
    marks = {photos.identity(index): bool(mark) for index, mark in enumerate(marked)}
    return site_views(known.network, photos, sweep, [known.network.site(known.site)], Blank(), False, marks)[known.site]


def passed(view: SiteView, claim: str) -> np.ndarray:
    return np.asarray(CLAIMS.get(claim).measure(view).q <= 0.05)


def spurious(snr: float, seed: int, tied: bool, thing: int) -> tuple[Truth, SiteView]:
    """On 200 photographs; the reader marks those with the thing of one class."""
    known, shown = _spurious.truth("cnn", snr, seed, tied=tied), _spurious.draw(200, 2000 + seed, tied=tied, strength=(0.5, 1.5))
    return known, view_of(known, shown.pixels, shown.folders, shown.of == thing)


def sky(snr: float, seed: int) -> tuple[Truth, SiteView]:
    """On 200 photographs; the reader marks those with the sky above."""
    known, shown = _sky.truth("cnn", seed), _sky.draw(200, 3000 + seed, snr, things=3, turned=True)
    return known, view_of(known, shown.pixels, shown.folders, shown.turn == 0)


def tally(looks: Sequence[tuple[Truth, SiteView]], claim: str) -> tuple[float, float]:
    """The share that pass of the units of which the claim must hold, and of those of which it must not."""
    right = [passed(view, claim)[known.must(claim)] for known, view in looks]
    wrong = [passed(view, claim)[known.must_not(claim)] for known, view in looks]
    return float(np.mean(np.concatenate(right))), float(np.mean(np.concatenate(wrong)))


def test_a_class_and_the_mark_that_came_with_it() -> None:
    for tied in (True, False):
        known, view = spurious(1.5, 901, tied, 0)
        found = passed(view, "selective")
        assert found[known.must("selective")].all()
        assert not found[known.must_not("selective")].any()
        assert found[4:8].all() == tied
        auc = CLAIMS.get("hypothesis").measure(view).effect
        assert auc[0] > 0.7
        assert (auc[4] > 0.7) == tied


def test_only_the_units_of_the_sky_tell_turns() -> None:
    known, view = sky(1.5, 905)
    found = passed(view, "selective")
    assert found[known.must("selective")].all()
    assert not found[known.must_not("selective")].any()
    assert passed(view, "hypothesis")[0]


@pytest.mark.slow
@pytest.mark.parametrize("snr", SNRS)
def test_the_grid_of_a_class_and_its_mark(snr: float) -> None:
    for tied in (True, False):
        looks = [spurious(snr, seed, tied, 0) for seed in range(911, 931)]
        for claim in ("alive", "selective"):
            right, wrong = tally(looks, claim)
            assert right >= (0.95 if snr >= 1.5 else 0.8), (tied, claim)
            assert wrong <= 0.05, (tied, claim)


@pytest.mark.slow
@pytest.mark.parametrize("snr", SNRS)
def test_the_grid_of_skies(snr: float) -> None:
    looks = [sky(snr, seed) for seed in range(941, 961)]
    for claim in ("alive", "selective"):
        right, wrong = tally(looks, claim)
        assert right >= 0.95, claim
        assert wrong <= 0.05, claim
    assert np.mean([passed(view, "hypothesis")[0] for _, view in looks]) >= (0.95 if snr >= 1.5 else 0.8)


@pytest.mark.slow
def test_without_a_sky_no_unit_tells_turns() -> None:
    looks = [sky(0.0, seed) for seed in range(961, 1001)]
    assert np.mean([passed(view, "selective").any() for _, view in looks]) <= 0.15
