"""Pixels taken away, or put back, in the order of a map: what deletion and insertion share."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Question
from optogram.errors import SettingError
from optogram.metrics._trial import Better, Marks, Trial

SCALES = ("response", "probability")


def removal(trial: Trial, baseline: Baseline, steps: int, by: str, scale: str, *, insert: bool) -> Marks:
    """The area under the response while `steps` equal parts of the pixels are taken away (or put back), greatest of the map first.

    `scale="response"`: (r - r(baseline)) / (r(photograph) - r(baseline)), NaN where the photograph's response does not exceed the
    baseline's. `"probability"`: the softmax over the site's units, as in the paper. steps + 1 forward passes a photograph.
    """
    if steps < 1:
        raise SettingError(f"steps is at least 1; got {steps}")
    if scale not in SCALES:
        raise SettingError(f'scale is one of {", ".join(SCALES)}; got "{scale}"')
    images = trial.images
    base = baseline_of(trial.question, images, baseline)
    rank = ranks(trial.ordered(by), trial.generator())
    counts = torch.linspace(0, rank[0].numel(), steps + 1, device=images.device).round()

    def changed(photo: Tensor, step: Tensor) -> Tensor:
        chosen = (rank[photo] < counts[step].view(-1, 1, 1))[:, None]
        there, away = (base, images) if insert else (images, base)
        return torch.where(chosen, away[photo], there[photo])

    if scale == "probability":
        curve, better = _probabilities(trial, steps + 1, changed), _better(insert)
    else:
        raw, better = trial.answers(steps + 1, changed), _better(insert)
        nothing, everything = (raw[:, :1], raw[:, -1:]) if insert else (raw[:, -1:], raw[:, :1])
        curve = torch.where(everything > nothing, (raw - nothing) / (everything - nothing), torch.nan)
    across = tuple((counts / rank[0].numel()).tolist())
    return Marks(torch.trapezoid(curve, torch.tensor(across).to(curve), dim=1), better, across=across, curve=curve)


def ranks(maps: Float[Tensor, "batch height width"], generator: torch.Generator) -> Int[Tensor, "batch height width"]:
    """Each pixel's place in the order, greatest first; equal ones in random order, the same for every photograph."""
    flat = maps.flatten(1)
    shuffled = torch.randperm(flat.shape[1], generator=generator).to(flat.device)
    order = shuffled[torch.argsort(flat[:, shuffled], dim=1, descending=True, stable=True)]
    found = torch.empty_like(order)
    found.scatter_(1, order, torch.arange(flat.shape[1], device=flat.device).expand_as(order).contiguous())
    return found.view(maps.shape)


def _better(insert: bool) -> Better:
    return "high" if insert else "low"


def _probabilities(trial: Trial, draws: int, changed: object) -> Float[Tensor, "batch draw"]:
    term = trial.question.target.terms[0]
    if trial.question.target.mixed or term.unit is None or term.site.grid not in ((), (1, 1)):
        raise SettingError(f'scale="probability" needs a class, one of the units of a head; {trial.question.target.text} is none. Use "response".')
    assert callable(changed)
    found = torch.empty(len(trial.images), draws, device=trial.images.device)
    with trial.question.tracked(draws * len(trial.images)) as watched, torch.no_grad():
        for photo, draw in trial.pairs(draws):
            found[photo, draw] = _probability(watched, changed(photo, draw))
            watched.advance(len(photo))
    return found


def _probability(question: Question, images: Float[Tensor, "row channel height width"]) -> Float[Tensor, "row"]:
    term = question.target.terms[0]
    assert term.unit is not None
    raw = question.network.read(term.site, images, frame="photo")
    return term.site.places(raw)[:, :, 0].float().softmax(dim=1)[:, term.unit.index]
