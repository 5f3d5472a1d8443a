"""How layers fold space: the plane after each affine map and each rectifier, its pieces counted exactly, thin against fat, shallow against deep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image

from optogram.lab import _folding_figures
from optogram.lab._cells import Layer, cells, creased, folded, maps, most, patterns
from optogram.lab._plane_data import drawn_points
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.lab._stack import Stack, drawn, right, trained
from optogram.progress import Progress, track

LAYERS = 4
RATE = 0.03
HELD_OUT = 1000
CHOOSING, JUDGING = 1_000_003, 2_000_003
"""Seeds, beyond the lab's own, of new points: those that choose the drawn network are not those that judge it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldingResult(LabResult):
    """The drawn network (`weights`, `biases`: four layers of two units) and the many (`success`, `emptied`, `emptied_without_bias`: shares).

    `pieces`: after each layer the drawn network's activation patterns, its distinct affine maps and the bound; `planted` the same of planted folds.
    `ranks`: the dimensions to which each point's piece has been folded, 2, 1 or 0.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("points", "classes", "weights", "biases", "ranks", "pieces", "planted"),
        *("widths", "depths", "success", "emptied", "emptied_without_bias"),
    )
    points: Float[np.ndarray, "point 2"]
    classes: Int[np.ndarray, " point"]
    weights: tuple[Float[np.ndarray, "_ _"], ...]
    biases: tuple[Float[np.ndarray, "_"], ...]
    ranks: Int[np.ndarray, "layer point"]
    pieces: Int[np.ndarray, "layer 3"]
    planted: Int[np.ndarray, "layer 3"]
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    success: Float[np.ndarray, "width depth"]
    emptied: Float[np.ndarray, "width depth"]
    emptied_without_bias: Float[np.ndarray, "width depth"]

    @property
    def layers(self) -> list[Layer]:
        """The drawn network's hidden layers."""
        return list(zip(self.weights, self.biases, strict=True))

    def pictures(self) -> dict[str, Image.Image]:
        """The plane layer by layer; its pieces; the planted folds; success by width and depth."""
        return {
            "planes": _folding_figures.planes(self.layers, self.points, self.classes, self.ranks),
            "pieces": _folding_figures.pieces(self.layers, self.points, self.classes, self.pieces),
            "planted": _folding_figures.planted(self.planted),
            "success": _folding_figures.success(self.findings, self.widths, self.depths),
        }

    def films(self) -> Mapping[str, Sequence[Image.Image]]:
        """The plane on its way through the layers."""
        return {"folding": _folding_figures.film(self.layers, self.points, self.classes)}


def folding(
    *,
    problem: Annotated[str, "What the drawn network learns: moons, quadrants or ring."] = "moons",
    widths: Annotated[tuple[int, ...], "Units a layer that are compared."] = (2, 3, 5, 10),
    depths: Annotated[tuple[int, ...], "Hidden layers that are compared."] = (2, 4, 8),
    networks: Annotated[int, "Networks of each shape, each from its own random start."] = 50,
    steps: Annotated[int, "Training steps of each network."] = 400,
    success: Annotated[float, "Least share of new points named rightly that counts as success."] = 0.95,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> FoldingResult:
    """Trains networks of 2 units a layer to see them fold the plane, and many of other shapes to see which of them learn.

    The drawn network is the best of `networks`. Thin against fat is tried on a disc within a ring: with two units a layer no depth can close a curve
    around the disc (Johnson 2019), so width 2 must fail.
    """
    networks, steps = (min(networks, 20), min(steps, 100)) if quick else (networks, steps)
    with track("folding", steps * (1 + len(widths) * len(depths)), progress) as advance:
        points, classes = (torch.from_numpy(part) for part in drawn_points(problem, 200, seed))
        points = points.float()
        stack = trained(drawn([2] * (LAYERS + 1) + [2], networks, seed), points, classes, steps=steps, rate=RATE, advance=advance)
        best = int(right(stack, *_new(problem, seed)).argmax())
        layers = _hidden(stack, best)
        tried = {(w, d): _tried(w, d, networks, steps, success, seed, advance) for w in widths for d in depths}
    counted, planted = _counted(layers), _counted(folded(LAYERS))
    greatest = _most_met(networks, seed)
    ranks = _ranks(layers, points.numpy())
    findings = [
        _drawn(stack.one(best), problem, networks, seed),
        *_piece_findings(counted, planted, layers),
        *_reached(greatest, networks),
        _creases(),
        *_collapse(ranks),
        *(found for shape, entry in tried.items() for found in entry.findings(shape, networks, success)),
    ]
    table = np.array([[[tried[w, d].learned, tried[w, d].emptied, tried[w, d].bare] for d in depths] for w in widths]) / networks
    settings = {"problem": problem, "widths": widths, "depths": depths, "networks": networks, "steps": steps, "success": success}
    return FoldingResult(
        findings=tuple(findings),
        provenance=made_by("folding", seed=seed, settings=settings, images=f"{problem} and ring, drawn"),
        points=points.numpy(),
        classes=classes.numpy(),
        weights=tuple(weight for weight, _ in layers),
        biases=tuple(bias for _, bias in layers),
        ranks=ranks,
        pieces=counted,
        planted=planted,
        widths=widths,
        depths=depths,
        success=table[:, :, 0],
        emptied=table[:, :, 1],
        emptied_without_bias=table[:, :, 2],
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """Of networks of one shape, how many learned, and how many were emptied: as drawn, and with biases of 0."""

    learned: int
    emptied: int
    bare: int

    def findings(self, shape: tuple[int, int], networks: int, success: float) -> list[Finding]:
        width, depth = shape
        name = f"{depth} layers of {width}"
        said = f"{self.learned} of {networks} networks with {name} learned the disc in the ring, {{low}} to {{high}} (right on {percent(success)})."
        found = [share(f"success_{width}x{depth}", self.learned, networks, said, chance=0.0)]
        if width == 2:
            said = (
                f"{self.emptied} of {networks} untrained networks with {name} had pushed every point out of a layer's positive quadrant, "
                f"{self.bare} with the same weights and no bias."
            )
            found.append(share(f"emptied_{width}x{depth}", self.emptied, networks, said, control=self.bare / networks))
        return found


def _tried(width: int, depth: int, networks: int, steps: int, success: float, seed: int, advance: Callable[[int], None]) -> _Tried:
    points, classes = (torch.from_numpy(part) for part in drawn_points("ring", 200, seed))
    start = drawn([2] + [width] * depth + [2], networks, seed)
    bare = Stack(start.weights, tuple(torch.zeros_like(bias) for bias in start.biases))
    done = trained(start, points.float(), classes, steps=steps, rate=RATE, advance=advance)
    learned = int((right(done, *_new("ring", seed)) >= success).sum())
    return _Tried(learned, *(int(emptied(stack, points.float()).sum()) for stack in (start, bare)))


def emptied(stack: Stack, points: Float[torch.Tensor, "point 2"]) -> torch.Tensor:
    """For each network, whether some hidden layer has no point for which all of its units are on."""
    hidden = stack.layers(points)[:-1]
    return torch.stack([~(layer > 0).all(dim=2).any(dim=1) for layer in hidden]).any(dim=0)


def _drawn(best: Stack, problem: str, networks: int, seed: int) -> Finding:
    """Of points that neither taught nor chose the network; beside them those that it names rightly once classes are those of other points."""
    points, classes = _new(problem, seed, JUDGING)
    hits = round(float(right(best, points, classes)[0]) * HELD_OUT)
    dealt = classes[torch.randperm(HELD_OUT, generator=torch.Generator().manual_seed(seed))]
    by_chance = float(right(best, points, dealt)[0])
    said = (
        f"{hits:,} of {HELD_OUT:,} new points are named rightly by the drawn network ({{low}} to {{high}}), the best of {networks} on others; "
        f"{percent(by_chance)} once their classes are shuffled."
    )
    return share("drawn", hits, HELD_OUT, said, control=by_chance, chance=0.5)


def _new(problem: str, seed: int, which: int = CHOOSING) -> tuple[torch.Tensor, torch.Tensor]:
    points, classes = drawn_points(problem, HELD_OUT, seed + which)
    return torch.from_numpy(points).float(), torch.from_numpy(classes)


def _counted(layers: Sequence[Layer]) -> Int[np.ndarray, "layer 3"]:
    thin = layers[0][0].shape[0] == 2
    return np.array(
        [[patterns(found), maps(found), most(2, number) if thin else 4**number] for number, found in enumerate(cells(layers), 1)], dtype=np.int64
    )


def _ranks(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"]) -> Int[np.ndarray, "layer point"]:
    """The dimension to which each point's piece has been folded after each layer, from its activation pattern, exactly."""
    found = []
    for number, pieces in enumerate(cells(layers), 1):
        ranks = {piece.pattern: piece.rank for piece in pieces}
        found.append([ranks[pattern] for pattern in _patterns_at(layers[:number], points)])
    return np.array(found, dtype=np.int64)


def _patterns_at(layers: Sequence[Layer], points: Float[np.ndarray, "point 2"]) -> list[tuple[tuple[bool, ...], ...]]:
    values, sides = points.astype(np.float64), []
    for weights, biases in layers:
        before = values @ weights.T.astype(np.float64) + biases
        sides.append([tuple(row) for row in (before > 0).tolist()])
        values = np.maximum(before, 0)
    return list(zip(*sides, strict=True))


def _piece_findings(counted: np.ndarray, planted: np.ndarray, layers: Sequence[Layer]) -> list[Finding]:
    areas = sum(piece.rank == 2 for piece in cells(layers)[-1])
    found = [
        Finding(
            f"patterns_{number}",
            float(row[0]),
            f"{row[0]} activation patterns and {row[1]} affine maps after layer {number} of the drawn network; at most {row[2]} with two units.",
            control=float(row[2]),
        )
        for number, row in enumerate(counted, 1)
    ]
    said = f"{areas} of {counted[-1][0]} pieces still an area after four layers; two units a layer leave at most one."
    return [
        *found,
        Finding("areas", float(areas), said, control=1.0),
        Finding(
            "planted_patterns",
            float(planted[-1][0]),
            f"{', '.join(str(row[0]) for row in planted)} pieces after layers 1 to {len(planted)} of planted folds with four units a layer.",
            control=float(planted[-1][2]),
        ),
    ]


def _most_met(networks: int, seed: int) -> list[int]:
    """The most patterns after each layer that one of so many untrained networks has."""
    stack = drawn([2] * (LAYERS + 1) + [2], networks, seed)
    counts = [[patterns(found) for found in cells(_hidden(stack, index))] for index in range(networks)]
    return [max(column) for column in zip(*counts, strict=True)]


def _hidden(stack: Stack, index: int) -> list[Layer]:
    return [(weight[index].numpy(), bias[index].numpy()) for weight, bias in zip(stack.weights[:LAYERS], stack.biases[:LAYERS], strict=True)]


def _reached(greatest: Sequence[int], networks: int) -> list[Finding]:
    return [
        Finding(
            f"most_patterns_{number}",
            float(met),
            f"{met} is the most patterns after layer {number} that one of {networks} untrained networks has; at most {most(2, number)}.",
            control=float(most(2, number)),
        )
        for number, met in enumerate(greatest, 1)
    ]


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(map(str, counts))


def _creases() -> Finding:
    met = [patterns(found) for found in cells(creased())]
    said = (
        f"{_listed(met)} pieces after layers 1 to {len(met)} of planted creases, two units a layer; "
        f"a bound that counts cuts alone allows {_listed([most(2, number) for number in range(1, len(met) + 1)])}."
    )
    return Finding("creased_patterns", float(met[-1]), said, control=float(most(2, len(met))))


def _collapse(ranks: Int[np.ndarray, "layer point"]) -> list[Finding]:
    last, count = ranks[-1], ranks.shape[1]
    lines, dots = int((last == 1).sum()), int((last == 0).sum())
    return [
        share(
            "on_a_line", lines, count, f"{lines} of {count} points lie in pieces that the four layers have folded to a line ({{low}} to {{high}})."
        ),
        share(
            "on_a_point", dots, count, f"{dots} of {count} points lie in pieces that the four layers have folded to a point ({{low}} to {{high}})."
        ),
    ]
