"""Gradients with another rule at every rectifier: what deconvnet and guided backprop share."""

from __future__ import annotations

from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError
from optogram.network.rectifiers import Rule


def modified(question: Question, backward: Rule, rule: str | None) -> Answer:
    """One pass with `backward` at every rectifier; `rule="generalised"` admits smooth ones, and the answer says so."""
    if rule not in (None, "generalised"):
        raise SettingError(f'rule is "generalised" or left out; got "{rule}"')
    slopes = question.gradients(question.origin(), rule=backward, generalised=rule == "generalised")
    inexact = sorted({call.kind for call in slopes.rectifiers if not call.exact})
    notes = (f"generalised at {', '.join(inexact)}: no paper defines the rule there",) if inexact else ()
    return Answer(slopes.values, slopes.responses, slopes.places, generalised=bool(inexact), notes=notes)
