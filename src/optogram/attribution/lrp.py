"""Layer-wise relevance propagation: the response shared out layer by layer, down to the pixels, by a rule for each kind of layer.

Bach et al. 2015, "On pixel-wise explanations"; Montavon et al. 2019, "Layer-wise relevance propagation: an overview", for rules
and composites; Achtibat et al. 2024, "AttnLRP", for attention; Achtibat et al. 2023, "From attribution maps to human-understandable
explanations through concept relevance propagation", for `through`. One forward and one backward pass; z+, gamma and alpha-beta compute
each layer once to four times more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import torch

from optogram.attribution import _rules
from optogram.attribution._attnlrp import RULES
from optogram.attribution._carried import Rule
from optogram.attribution._question import Answer, Question
from optogram.attribution._relevance import Relevances, Rules, relevances
from optogram.attribution._through import Through, read_through
from optogram.errors import SettingError, unknown

HIDDEN = ("epsilon", "gamma", "zplus", "alpha1_beta0", "alpha2_beta1")
FIRST = ("box", "w2", "flat", *HIDDEN)
COMPOSITES: dict[str, tuple[str, str, str | None]] = {
    **{name: (name, name, None) for name in HIDDEN},
    "epsilon_plus": ("zplus", "epsilon", None),
    "epsilon_plus_box": ("zplus", "epsilon", "box"),
    "epsilon_plus_flat": ("zplus", "epsilon", "flat"),
    "epsilon_gamma_box": ("gamma", "epsilon", "box"),
    "epsilon_alpha2_beta1": ("alpha2_beta1", "epsilon", None),
    "epsilon_alpha2_beta1_flat": ("alpha2_beta1", "epsilon", "flat"),
}
"""The rule at convolutions, at dense layers, and at layers that read the pixels (`None`: no other than elsewhere)."""


def lrp(
    question: Question,
    *,
    composite: str = "epsilon_gamma_box",
    first: Literal["box", "w2", "flat", "epsilon", "gamma", "zplus", "alpha1_beta0", "alpha2_beta1"] | None = None,
    epsilon: float = 1e-6,
    gamma: float = 0.25,
    biases: bool = True,
    through: str | Sequence[str] | None = None,
) -> Answer:
    """Each pixel's share of the response. `composite`: one rule for all layers, or which goes where (`COMPOSITES`).

    `first` overrides the rule of the layers that read the pixels; it does not apply where `source=` is asked about. `epsilon`
    keeps denominators off zero, and absorbs when large. Biases stand in denominators and absorb their share (a note says how
    much), unless `biases=False` leaves them out of the denominators. Batch norms are folded into the layer before them, other ones hand on by their
    slope; activations hand on all they get; of a product with a gate (a sigmoid's output) the signal takes all. Attention, norms over
    units and products of activations hand back as in AttnLRP (`_attnlrp.py`); of vision transformers its authors prefer `composite="gamma"`.
    `NotDefinedError` names operations that have no rule, and the module that computes them.

    `through`: relevance of concepts. Only what passes through these units of hidden sites ("layer3:12", a range, or several in a list)
    is followed further down: of one site through any of them, of several sites through each. Over all units of a site that everything
    passes, these maps sum to the map without `through`. Which units matter is `source="layer3"`.
    """
    rules = replace(rules_of(composite, first, epsilon, gamma, biases), others=RULES)
    conditions = read_through(question, through)
    found = relevances(question, rules, conditions)
    notes = carried_by(conditions, found) if conditions else absorbed(found)
    return Answer(found.values, found.responses, found.places, notes=notes)


def rules_of(composite: str, first: str | None, epsilon: float, gamma: float, biases: bool) -> Rules:
    """The rules that a composite's name and the settings stand for; `SettingError` for an unknown name or a negative number."""
    if composite not in COMPOSITES:
        raise SettingError(unknown("composite", composite, COMPOSITES))
    if first is not None and first not in FIRST:
        raise SettingError(unknown("rule", first, FIRST, where=" of the first layer"))
    if epsilon < 0 or gamma < 0:
        raise SettingError(f"epsilon and gamma are 0 or more; got epsilon={epsilon}, gamma={gamma}")
    convolution, dense, own = COMPOSITES[composite]
    chosen = first or own
    return Rules(_rule(convolution, gamma), _rule(dense, gamma), _first(chosen, gamma) if chosen else None, epsilon, biases)


def absorbed(found: Relevances) -> tuple[str, ...]:
    """A note on what biases and stabilisers took, as a share of the responses."""
    total = found.values.flatten(1).sum(dim=1)
    told = found.responses.abs() > 1e-12
    if not bool(told.any()):
        return ()
    shares = 1 - (total / found.responses)[told]
    low, high = round(100 * float(shares.min())), round(100 * float(shares.max()))
    share = f"{low} %" if low == high else f"{low} to {high} %"
    return (f"{'biases, constants, softmax' if found.mixed else 'biases'} and stabilisers absorb {share} of the response",)


def carried_by(conditions: tuple[Through, ...], found: Relevances) -> tuple[str, ...]:
    """A note on how much of its site's relevance each condition lets through."""
    notes = []
    for condition, shares in zip(conditions, found.shares, strict=True):
        low, high = (round(100 * float(end)) for end in (shares.min(), shares.max()))
        share = f"{low} %" if low == high else f"{low} to {high} %"
        notes.append(f"only what passes through {condition.text}: {share} of the relevance at {condition.site.address}")
    return tuple(notes)


def _rule(name: str, strength: float) -> Rule:
    if name == "gamma":
        return partial(_rules.gamma, strength=strength)
    rule: Rule = getattr(_rules, name)
    return rule


def _first(name: str, strength: float) -> Rule:
    """A rule of hidden layers, too, gives relevances at the pixels: its c times what the layer reads."""
    rule = _rule(name, strength)
    if name not in HIDDEN:
        return rule
    return lambda passing: torch.as_tensor(passing.x * rule(passing))
