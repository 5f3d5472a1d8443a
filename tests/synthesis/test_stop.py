"""A climb that is stopped: what was begun is kept as it is, what was not is left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

NET = planted(1).network
UNITS = ["templates:0", "templates:3", "templates:5@4,5", "templates:6"]


def after(steps: int) -> Callable[[], bool]:
    """True from the end of that step on, counted over all batches."""
    asked = iter(range(10**6))
    ended: list[bool] = []

    def stop() -> bool:
        if not ended and next(asked) + 1 >= steps:
            ended.append(True)
        return bool(ended)

    return stop


def made(units: object = UNITS, **settings: object) -> Synthesis:
    usual = {"steps": 40, "transforms": (), "progress": False, "size": 24}
    return synthesize(NET, units, **{**usual, **settings})  # type: ignore[arg-type]


def test_the_pictures_on_the_way_are_those_of_a_shorter_climb() -> None:
    stopped, short = made(UNITS[:2], stop=after(7)), made(UNITS[:2], steps=7)
    assert stopped.units == short.units
    assert [stopped.taken(index) for index in range(2)] == [7, 7]
    assert np.array_equal(stopped.images, short.images)
    assert np.array_equal(stopped.trace[:, :7], short.trace)
    assert np.isnan(stopped.trace[:, 7:]).all()
    assert np.array_equal(stopped.activations, short.activations)


def test_what_had_not_begun_twins_and_other_seeds_are_left_out() -> None:
    """The neuron, a stage of its own, is over after 40 steps and one question more; the next unit is five steps old then, the others wait."""
    stopped = made([UNITS[2], *UNITS[:2], UNITS[3]], size=None, batch_size=1, stop=after(46), twins=[NET], seeds=2)
    whole = made([UNITS[2], *UNITS[:2], UNITS[3]], size=None, batch_size=1)
    assert stopped.units == whole.units[:2]
    assert [stopped.taken(0), stopped.taken(1)] == [40, 5]
    assert np.array_equal(stopped.image(0), whole.image(0))
    assert stopped.twins is None
    assert stopped.agreement is None
    assert made(UNITS[:2], stop=lambda: False, twins=[NET]).twins is not None


def test_octaves_that_are_stopped_end_at_full_size() -> None:
    """Ten steps an octave; the later ones get one each."""
    stopped = made(["templates:0", "templates:3"], preset="deepdream", steps=40, stop=after(13), batch_size=1)
    assert len(stopped) == 1
    assert stopped.image(0).shape == (1, 24, 24)
    assert stopped.taken(0) < 40
    assert np.isfinite(stopped.trace[0, : stopped.taken(0)]).all()
