from __future__ import annotations

import numpy as np
import pytest

from optogram.evidence._twin_kinds import Asked, kinds_of
from optogram.statistics.gate import family_gate


@pytest.mark.parametrize(
    ("asked", "twins", "of_each"),
    [
        (None, 39, (20, 19)),
        (None, 38, (19, 19)),
        (None, 37, (37, 0)),
        (None, 1, (1, 0)),
        ("both", 3, (2, 1)),
        ("reinit", 60, (60, 0)),
        ("shuffle", 4, (0, 4)),
    ],
)
def test_kinds_take_turns_where_there_are_enough_of_each(asked: Asked, twins: int, of_each: tuple[int, int]) -> None:
    found = kinds_of(asked, twins)
    assert (found.count("reinit"), found.count("shuffle")) == of_each
    assert found[0] == ("shuffle" if asked == "shuffle" else "reinit")


@pytest.mark.parametrize("level", [0.05, 0.1, 0.01])
def test_both_are_the_default_from_as_many_on_as_can_open_a_gate(level: float) -> None:
    least = next(twins for twins in range(1, 400) if len({*kinds_of(None, twins, level)}) == 2)
    for twins, asked in ((least, None), (least - 1, "both")):
        gate = family_gate(1.0, np.zeros(twins), kinds_of(asked, twins, level))
        assert gate.can_open(level) == (asked is None)
