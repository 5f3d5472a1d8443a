"""A motif found in sequences by a sliding window with shared weights and a maximum, from labels alone; why `zero_grad` matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.drawing.theme import LIGHT
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._show import Plane
from optogram.progress import Progress, track

MOTIF = (0.0, 1.0, -1.0, 2.0, -1.0)
"""What is planted, before it is scaled to length 1."""
WIDTH, LENGTH = len(MOTIF), 9
WINDOWS = LENGTH - WIDTH + 1
LOUD = 4.0
"""The length of the planted motif; the noise around it has a standard deviation of .5 in each entry."""
NOISE = 0.5
RATE = 0.5
RECOVERED = 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class MotifsResult(LabResult):
    """`motif`: the planted one, of length 1; `learned[run, start]`: the weights found, with `zero_grad`, without it, and from shuffled labels.

    `correlations[run, start]` with the motif. `gradients`: one per window, of its own copy of the weights; `shared`: of the weights that all share.
    `accuracy`: on new sequences, of the window and of one template as long as the sequence. `costs`: before each step, with and without `zero_grad`.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("motif", "learned", "correlations", "gradients", "shared", "accuracy", "costs", "sequences", "labels")
    motif: Float[np.ndarray, " width"]
    learned: Float[np.ndarray, "run start width"]
    correlations: Float[np.ndarray, "run start"]
    best: int
    gradients: Float[np.ndarray, "window width"]
    shared: Float[np.ndarray, " width"]
    accuracy: Float[np.ndarray, " model"]
    costs: Float[np.ndarray, "kept step"]
    sequences: Float[np.ndarray, "sequence place"]
    labels: Int[np.ndarray, " sequence"]

    def pictures(self) -> dict[str, Image.Image]:
        """Planted and learned; the sequences; the windows' gradients; with and without `zero_grad`."""
        found = self.learned[0, self.best]
        places = list(range(1, WIDTH + 1))
        motif = curves(
            {"planted": (places, self.motif.tolist()), "learned": (places, (found / np.linalg.norm(found)).tolist())},
            across="place in the window",
            title=f"Learned from labels alone (correlation {self.correlations[0, self.best]:.3f})",
            include=(0.0,),
        )
        steps = list(range(self.costs.shape[1]))
        lines = {name: (steps, row.tolist()) for name, row in zip(("with zero_grad", "without"), self.costs, strict=True)}
        costs = curves(lines, across="step", up="cost", title="Without zero_grad the steps overshoot", include=(0.0,))
        names = ("with zero_grad", "without zero_grad", "shuffled labels")
        rank = list(range(1, self.correlations.shape[1] + 1))
        sorts = {name: (rank, np.sort(row)[::-1].tolist()) for name, row in zip(names, self.correlations, strict=True)}
        starts = curves(
            sorts,
            across="random starts, best first",
            up="correlation of the learned weights with the planted motif",
            title=f"Costs tell which start has found it: the one with the least has {self.correlations[0, self.best]:.3f}",
            include=(-1.0, 1.0),
        )
        return {"motif": motif, "sequences": self._sequences(), "gradients": self._gradients(), "zero-grad": costs, "starts": starts}

    def _sequences(self) -> Image.Image:
        pictures, captions = [], []
        found = self.learned[0, self.best]
        chosen = [*np.flatnonzero(self.labels == 1)[:4], *np.flatnonzero(self.labels == 0)[:4]]
        for sequence in self.sequences[chosen]:
            scores = np.lib.stride_tricks.sliding_window_view(sequence, WIDTH) @ found
            start = int(scores.argmax())
            plane = Plane((-0.5, -4.2), (LENGTH - 0.5, 4.2), 130)
            plane.area(np.array([[start - 0.4, -4], [start + WIDTH - 0.6, -4], [start + WIDTH - 0.6, 4], [start - 0.4, 4]]), "#f3e3d3")
            plane.line(np.array([[-0.5, 0], [LENGTH - 0.5, 0]]), LIGHT.line)
            plane.line(np.stack([np.arange(LENGTH), sequence], axis=1), LIGHT.ink, 1.5)
            pictures.append(plane.image)
            captions.append(f"window {start + 1} wins")
        return grid(
            pictures,
            captions=captions,
            columns=4,
            labels=["with the motif", "with its entries in another order"],
            title="Five windows, one maximum",
            cell=130,
        )

    def _gradients(self) -> Image.Image:
        places = list(range(1, WIDTH + 1))
        lines = {f"window {number}": (places, row.tolist()) for number, row in enumerate(self.gradients, 1)}
        return curves(
            {"their sum": (places, self.shared.tolist()), **lines},
            across="weight",
            up="gradient of the cost",
            title="The gradients of the five windows' copies sum to that of the shared weights",
            include=(0.0,),
            width=480,
        )


def motifs_1d(
    *,
    starts: Annotated[int, "Random starts of each training."] = 50,
    sequences: Annotated[int, "Sequences to learn from, half of them with the motif."] = 400,
    steps: Annotated[int, "Steps of gradient descent."] = 400,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> MotifsResult:
    """Learns a planted motif of five numbers from labelled sequences of nine: score = max over the five windows of w . x + b, a logistic cost.

    Sequences of the other class hold the motif's own entries in another order, so that neither size nor mean tells. Gradient descent is written out.
    """
    starts, steps = (min(starts, 20), min(steps, 200)) if quick else (starts, steps)
    motif = np.array(MOTIF) / np.linalg.norm(MOTIF)
    inputs, labels = drawn_sequences(sequences, seed)
    new, new_labels = drawn_sequences(2000, seed + 1_000_003)
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(labels))
    x, y, tested = torch.from_numpy(inputs), torch.from_numpy(labels), torch.from_numpy(new)
    with track("motifs-1d", 3, progress) as advance:
        runs = []
        for target, fresh in ((y, True), (y, False), (shuffled, True)):
            runs.append(descended(x, target, starts, steps, seed, zero_grad=fresh))
            advance(1)
    learned = np.stack([run[0].numpy() for run in runs])
    correlations = np.array([[np.corrcoef(row, motif)[0, 1] for row in part] for part in learned])
    best = int(runs[0][2].argmin())
    gradients, shared = window_gradients(x, y, *(part[best] for part in runs[0][:2]))
    answers = (windows(tested) @ runs[0][0][best]).amax(dim=1) + runs[0][1][best] > 0
    hits = int((answers.numpy() == new_labels).sum())
    whole = whole_template(inputs, labels, new, new_labels)
    recovered = [int((row >= RECOVERED).sum()) for row in correlations]
    falls = [float((trace.diff(dim=0) < 0).double().mean()) for _, _, _, trace in runs]
    ends = [float(part[2].median()) for part in runs]
    gap = float(np.abs(gradients.sum(axis=0) - shared).max())
    findings = (
        Finding(
            "correlation",
            float(correlations[0, best]),
            f"The weights with the least cost of {starts} starts correlate {correlations[0, best]:.3f} with the planted motif; "
            f"from shuffled labels {correlations[2, int(runs[2][2].argmin())]:.2f}.",
            control=float(correlations[2, int(runs[2][2].argmin())]),
        ),
        share(
            "recovered",
            recovered[0],
            starts,
            f"{recovered[0]} of {starts} starts find the motif ({{low}} to {{high}}); {recovered[2]} from shuffled labels.",
            control=recovered[2] / starts,
        ),
        Finding(
            "without_zero_grad",
            falls[1],
            f"Where the gradient is never set to zero, and so sums over all steps, the cost falls in {falls[1]:.0%} of the steps; with zero_grad in "
            f"{falls[0]:.1%}. It ends at {ends[1]:.3f} and {ends[0]:.3f} (medians of {starts} starts).",
            control=falls[0],
        ),
        share(
            "accuracy",
            hits,
            len(new),
            f"{hits:,} of {len(new):,} new sequences are named rightly ({{low}} to {{high}}); "
            f"one template as long as the sequence names {whole:,} rightly.",
            control=whole / len(new),
            chance=0.5,
        ),
        Finding(
            "windows_sum",
            gap,
            f"The gradients of the {WINDOWS} windows' copies of the weights sum to that of the shared weights to within {gap:.0e}.",
        ),
    )
    return MotifsResult(
        findings=findings,
        provenance=made_by("motifs_1d", seed=seed, settings={"starts": starts, "sequences": sequences, "steps": steps}),
        motif=motif,
        learned=learned,
        correlations=correlations,
        best=best,
        gradients=gradients,
        shared=shared,
        accuracy=np.array([hits, whole]) / len(new),
        costs=np.stack([run[3][:, best].numpy() for run in runs[:2]]),
        sequences=inputs,
        labels=labels,
    )


def drawn_sequences(count: int, seed: int) -> tuple[Float[np.ndarray, "sequence place"], Int[np.ndarray, " sequence"]]:
    """Noise with the motif at a random place (class 1), or with its entries in a random other order (class 0)."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    motif = LOUD * np.array(MOTIF) / np.linalg.norm(MOTIF)
    found = NOISE * random.standard_normal((count, LENGTH))
    for row, label in zip(found, labels.tolist(), strict=True):
        start = int(random.integers(WINDOWS))
        planted = motif if label else motif[_other_order(random)]
        row[start : start + WIDTH] += planted
    return found, labels


def _other_order(random: np.random.Generator) -> Int[np.ndarray, " width"]:
    while True:
        order = random.permutation(WIDTH)
        if abs(np.corrcoef(np.array(MOTIF)[order], MOTIF)[0, 1]) < 0.6:
            return order


def windows(sequences: Float[Tensor, "sequence place"]) -> Float[Tensor, "sequence window width"]:
    """The five windows of each sequence."""
    return sequences.unfold(1, WIDTH, 1)


def descended(
    sequences: Float[Tensor, "sequence place"], labels: Int[Tensor, " sequence"], starts: int, steps: int, seed: int, *, zero_grad: bool
) -> tuple[Float[Tensor, "start width"], Float[Tensor, " start"], Float[Tensor, " start"], Float[Tensor, "step start"]]:
    """Weights, biases and costs after gradient descent from every start, the gradient written out; and the costs before each step.

    The cost's derivative by the score is p - y; by the weights it is the sum over sequences of p - y times the window that won. Without `zero_grad`
    each step adds to the gradient of all steps before, as torch does.
    """
    cut = windows(sequences)
    w = 0.3 * torch.randn(starts, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=cut.dtype)
    b, gathered, gathered_b = torch.zeros(starts, dtype=cut.dtype), torch.zeros_like(w), torch.zeros(starts, dtype=cut.dtype)
    rows, trace = torch.arange(len(sequences)), []
    for _ in range(steps):
        score, won = torch.einsum("nik,sk->sni", cut, w).max(dim=2)
        trace.append(_cost(score + b[:, None], labels))
        wrong = torch.sigmoid(score + b[:, None]) - labels
        gradient = torch.einsum("sn,snk->sk", wrong, cut[rows, won]) / len(rows)
        gathered = gradient if zero_grad else gathered + gradient
        gathered_b = wrong.mean(dim=1) if zero_grad else gathered_b + wrong.mean(dim=1)
        w, b = w - RATE * gathered, b - RATE * gathered_b
    score = torch.einsum("nik,sk->sni", cut, w).amax(dim=2) + b[:, None]
    return w, b, _cost(score, labels), torch.stack(trace)


def _cost(score: Float[Tensor, "start sequence"], labels: Int[Tensor, " sequence"]) -> Float[Tensor, " start"]:
    return torch.nn.functional.softplus(torch.where(labels == 1, -score, score)).mean(dim=1)


def window_gradients(
    sequences: Float[Tensor, "sequence place"], labels: Int[Tensor, " sequence"], w: Float[Tensor, " width"], b: Float[Tensor, ""]
) -> tuple[Float[np.ndarray, "window width"], Float[np.ndarray, " width"]]:
    """By automatic differentiation: of the cost by each window's own copy of the weights, and by the weights that all share."""

    def cost(copies: Tensor) -> Tensor:
        score = (windows(sequences) * copies).sum(dim=2).amax(dim=1) + b
        return torch.nn.functional.binary_cross_entropy_with_logits(score, labels.to(score.dtype))

    copies, shared = w.repeat(WINDOWS, 1).requires_grad_(), w.clone().requires_grad_()
    own = torch.autograd.grad(cost(copies), copies)[0]
    return own.numpy(), torch.autograd.grad(cost(shared.expand(WINDOWS, WIDTH)), shared)[0].numpy()


def whole_template(inputs: np.ndarray, labels: np.ndarray, new: np.ndarray, new_labels: np.ndarray) -> int:
    """How many new sequences one template of nine weights names rightly (least squares on the signs)."""
    with_one, new_with_one = (np.column_stack([part, np.ones(len(part))]) for part in (inputs, new))
    template = np.linalg.lstsq(with_one, 2.0 * labels - 1, rcond=None)[0]
    return int(((new_with_one @ template > 0) == (new_labels == 1)).sum())
