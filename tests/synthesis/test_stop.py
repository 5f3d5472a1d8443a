"""A climb that is stopped: what was begun is kept as it is, what was not is left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch.nn.modules.module import register_module_forward_hook

from optogram.synthesis.objectives.diversity import diversity
from optogram.synthesis.objectives.site import site
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


def test_a_stop_among_twins_or_other_seeds_leaves_all_of_them_out() -> None:
    """The unit's own climb asks 42 times: once a step, at its end, and before the twin's, which is then in its third step."""
    whole = made(UNITS[0])
    for stopped in (made(UNITS[0], stop=after(45), twins=[NET, NET]), made(UNITS[0], stop=after(45), seeds=3)):
        assert np.array_equal(stopped.images, whole.images)
        assert stopped.taken(0) == 40
        assert stopped.twins is None
        assert stopped.agreement is None


def test_after_a_stop_no_twin_is_run() -> None:
    passes = [0]
    handle = register_module_forward_hook(lambda *passed: passes.__setitem__(0, passes[0] + 1))
    counts = []
    try:
        for twins in ([], [NET, NET, NET]):
            passes[0] = 0
            made(UNITS[0], stop=after(5), twins=twins)
            counts.append(passes[0])
    finally:
        handle.remove()
    assert counts[0] == counts[1] > 0


def test_pictures_that_differ_are_stopped_in_octaves_as_those_that_they_are() -> None:
    """The two that differ climb together and first, though another lies between them; the stop falls among that one's steps of the first octave."""
    one, two = diversity(NET.unit("templates:3"), 2, NET.site("templates"))
    asked = [one, site(NET.unit("templates:5")), two]
    stopped = made(asked, preset="deepdream", canvas="pixel", stop=after(13), batch_size=2)
    assert stopped.units == (one.name, two.name)
    alone = made([one, two], preset="deepdream", canvas="pixel", stop=after(11), batch_size=2)
    assert np.abs(stopped.images - alone.images).max() < 1e-4
