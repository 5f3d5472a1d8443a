"""Which kind each twin is of: re-initialised, shuffled, or both in turn.

Networks that have learned nothing differ by kind. Shuffled weights keep their distribution (in a pruned network mostly noughts; a mean that all
units share), re-initialised ones have their scheme's. The exemplars of SqueezeNet's shuffled twins are more alike than those of its re-initialised
ones: judged by these, every fourth of them would be beyond untrained networks. So a family is compared with both kinds, and with each by itself
(`statistics.gate`). That takes as many twins of each as a gate needs; with fewer, all are re-initialised, and what is said is said of those.
"""

from __future__ import annotations

import math
from typing import Literal

Kind = Literal["reinit", "shuffle"]
Asked = Kind | Literal["both"] | None
KINDS: tuple[Kind, ...] = ("reinit", "shuffle")


def kinds_of(asked: Asked, twins: int, level: float = 0.05) -> tuple[Kind, ...]:
    """A kind for every twin, the first re-initialised unless all are shuffled.

    `None` is both from as many twins on as can open a gate against either (38 at level .05), else `reinit`.
    """
    if asked is None:
        asked = "both" if twins >= len(KINDS) * (math.ceil(1 / level - 1e-9) - 1) else "reinit"
    return tuple(KINDS[number % len(KINDS)] if asked == "both" else asked for number in range(twins))
