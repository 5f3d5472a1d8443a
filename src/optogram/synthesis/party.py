"""Those that climb together: which objectives are on the way, how far each is, and who takes whose place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Canvas, Parameters, noise
from optogram.synthesis.looks import PERIOD, number, scheduled
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.opacity import composite
from optogram.synthesis.optimisers import Optimiser, Walk, along, kept
from optogram.synthesis.regularisers._regulariser import Operator, Regulariser
from optogram.synthesis.stage import Stage
from optogram.synthesis.verdict import arrived

Watch = Callable[[int, Mapping[int, Tensor]], None]
"""Called with a step and the pictures [channel, height, width] that it began with, by the number of what was asked."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a climb may have besides. `views`: how many looks at a picture make one step. `early`: pictures that gain no more
    than this share of their rise in a period make room.

    `caring`: gather |d objective / d picture|. `frames`: how many pictures on the way to keep. `watch`: is shown each step
    as it begins: how many steps the oldest has behind it, and the pictures by the number of their objective. `stop`: asked after each
    step; once it is true, those on the way leave as they are and nobody else begins.
    """

    views: int = 1
    regularisers: tuple[Regulariser, ...] = ()
    early: float = 0.0
    caring: bool = False
    frames: int = 0
    watch: Watch | None = None
    stop: Callable[[], bool] | None = None


PLAIN = Extras()


@dataclass(frozen=True, slots=True)
class Arrived:
    """One picture at the end of its climb."""

    image: Float[Tensor, "channel height width"]
    trace: Float[Tensor, " step"]
    moved: bool
    finite: bool
    caring: Float[Tensor, "height width"] | None
    frames: tuple[Tensor, ...]
    alpha: Float[Tensor, "height width"] | None


@dataclass(slots=True)
class _Log:
    """What is written down about one objective on its way."""

    trace: list[Float[Tensor, " part"]] = field(default_factory=list)
    frames: list[Tensor] = field(default_factory=list)


class Party:
    """At most `rows` objectives at once; new ones begin at multiples of the transforms' period only, when all rows see the same transforms.

    Without early arrival, with transforms that change on the way, and with what is done to pixels every n steps, all rows
    are of one age.
    """

    def __init__(
        self,
        net: Network,
        objectives: Sequence[Objective],
        canvas: Canvas,
        stage: Stage,
        optimiser: Optimiser,
        steps: int,
        seed: int,
        extras: Extras,
        rows: int,
        begin: Float[Tensor, "row channel height width"] | None = None,
    ) -> None:
        self.net, self.objectives, self.canvas, self.stage = net, objectives, canvas, stage
        self.optimiser, self.steps, self.seed, self.extras, self.room = optimiser, steps, seed, extras, rows
        self.begin, self.alpha = begin, bool(getattr(canvas, "alpha", False))
        fixed = scheduled(stage.transforms) or any(isinstance(one, Operator) for one in extras.regularisers)
        self.early = extras.early > 0 and not fixed and not any(objective.family for objective in objectives)
        self.shown = {int(step) for step in np.linspace(0, steps - 1, extras.frames)} if extras.frames else set()
        self.waiting = families(objectives, rows)
        self.members: list[int] = []
        self.ages: list[int] = []
        self.young = False
        self.fresh = self.moved = self.finite = torch.zeros(0, dtype=torch.bool, device=net.device)
        self.caring = torch.zeros(0, *stage.canvas, device=net.device) if extras.caring else None
        self.parameters: Parameters = []
        self.walk: Walk
        self.done: dict[int, Arrived] = {}
        self._logs: dict[int, _Log] = {}
        self._values: list[Tensor] = []

    @property
    def goals(self) -> list[Objective]:
        """The objectives on the way, in the order of the rows."""
        return [self.objectives[index] for index in self.members]

    def gather(self) -> bool:
        """Takes in those that wait, as far as there is room; whether anybody is on the way."""
        fresh: list[int] = []
        while self.waiting and (self.early or not self.members) and len(self.members) + len(fresh) + len(self.waiting[0]) <= self.room:
            fresh += self.waiting.pop(0)
        self.young = bool(fresh)
        if fresh:
            self._put(torch.arange(len(self.members)), fresh)
        return bool(self.members)

    def note(self, values: Tensor, sound: Tensor, picture: Tensor, at_picture: Tensor, step: int) -> None:
        """Writes down one step, before it is taken."""
        self.finite &= sound
        self._values.append(values)
        if self.caring is not None:
            self.caring += torch.where(sound[:, None, None], at_picture.abs().sum(1), 0)
        seen = composite(picture) if self.alpha and (self.shown or self.extras.watch) else picture
        if self.shown:
            for row, (index, age) in enumerate(zip(self.members, self.ages, strict=True)):
                if age + step in self.shown:
                    self._logs[index].frames.append(seen[row].to("cpu", torch.float16))
        if self.extras.watch is not None and self.members:
            self.extras.watch(max(self.ages) + step, dict(zip(self.members, seen, strict=True)))

    def arrived(self, taken: int) -> int:
        """After so many steps of this period: lets those go that have arrived, and says how many."""
        over = [age + taken >= self.steps for age in self.ages]
        if self.extras.stop is not None and self.extras.stop():
            self.waiting, over = [], [True] * len(over)
        if taken < PERIOD and not any(over):
            return 0
        self._write()
        if self.early and taken == PERIOD:
            over = [end or self._settled(index) for end, index in zip(over, self.members, strict=True)]
        if taken == PERIOD:
            self.ages = [age + PERIOD for age in self.ages]
        if any(over):
            self._leave(over)
        return sum(over)

    def _settled(self, index: int) -> bool:
        return arrived(torch.cat(self._logs[index].trace).numpy(), PERIOD, self.extras.early)

    def _write(self) -> None:
        """From steps to objectives."""
        if self._values:
            for index, part in zip(self.members, torch.stack(self._values, 1).cpu(), strict=True):
                self._logs[index].trace.append(part)
        self._values = []

    @torch.no_grad()
    def _leave(self, over: list[bool]) -> None:
        drawn = getattr(self.canvas, "final", self.canvas.draw)(self.parameters, *self.stage.canvas)
        images = composite(drawn) if self.alpha else drawn
        for row, (index, end) in enumerate(zip(self.members, over, strict=True)):
            if end:
                log = self._logs.pop(index)
                moved, finite = bool(self.moved[row]), bool(self.finite[row])
                caring = None if self.caring is None else self.caring[row].cpu()
                alpha = drawn[row, -1].clone() if self.alpha else None
                self.done[index] = Arrived(images[row].clone(), torch.cat(log.trace), moved, finite, caring, tuple(log.frames), alpha)
        self._put(torch.tensor([row for row, end in enumerate(over) if not end], dtype=torch.long), [])

    @torch.no_grad()
    def _put(self, rows: Tensor, fresh: list[int]) -> None:
        """These rows go on, and these objectives begin behind them."""
        staying, device = rows.tolist(), self.net.device
        rows = rows.to(device)
        new = self._starts(fresh) if fresh else []
        if not self.members:
            self.parameters = [part.to(device, copy=True) for part in new]
            if new:
                self.walk = self.optimiser.begin(self.parameters)
        else:
            joined = new or [part[:0] for part in self.parameters]
            self.parameters = [torch.cat([part.detach()[rows], more.to(device)]) for part, more in zip(self.parameters, joined, strict=True)]
            self.walk.keep(rows, len(fresh))
        for part in self.parameters:
            part.requires_grad_()
        self.moved, self.finite = kept(self.moved, rows, len(fresh)), ~kept(~self.finite, rows, len(fresh))
        self.caring = None if self.caring is None else kept(self.caring, rows, len(fresh))
        self.members = [self.members[row] for row in staying] + fresh
        self.ages = [self.ages[row] for row in staying] + [0] * len(fresh)
        self.fresh = torch.tensor([age == 0 for age in self.ages], device=device)
        self._logs |= {index: _Log() for index in fresh}

    def _starts(self, fresh: list[int]) -> Parameters:
        if self.begin is not None:
            written: Parameters = self.canvas.write(self.begin[fresh])  # type: ignore[attr-defined]
            return written
        names = [self.objectives[index].start or self.objectives[index].name for index in fresh]
        generators = [torch.Generator().manual_seed(number(self.seed, name)) for name in names]
        starts = self.canvas.start(generators, self.net.channels, *self.stage.canvas)
        differing = torch.tensor([bool(self.objectives[index].family) for index in fresh])
        if getattr(self.canvas, "began", None) is None or not bool(differing.any()):
            return starts
        apart = getattr(self.canvas, "deviation", 0.01)  # from one photograph they would stay alike for ever
        return [part + along(differing, part) * noise(generators, tuple(part.shape[1:]), apart) for part in starts]


def families(objectives: Sequence[Objective], rows: int) -> list[list[int]]:
    """The numbers of the objectives, in order, those of one family together; `SettingError` where a family is larger than a batch."""
    found: dict[str, list[int]] = {}
    for index, objective in enumerate(objectives):
        found.setdefault(objective.family or f"alone {index}", []).append(index)
    largest = max(map(len, found.values()), default=0)
    if largest > rows:
        raise SettingError(f"{largest} pictures are to differ from each other, so they climb in one batch; batch_size={rows} is too small for that")
    return list(found.values())
