"""Every method of the registry, and one that a third party might bring, satisfies the contract; one that does not is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from optogram.attribution._attribute import METHODS
from optogram.attribution._question import Answer, Question
from optogram.testing.attribution import CHECKS, Method

ATTENTION = {"attention_relevance", "attention_rollout"}
"""Defined for attention between tokens alone: their own tests hold the same properties on a transformer."""
BESIDE = {("full_grad", "what_has_no_effect_gets_nothing")}
"""FullGrad draws bias terms where they arise, also above pixels without effect; its own tests hold that their input term is nought."""


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("method", sorted({*METHODS.names()} - ATTENTION))
def test_every_method(method: str, check: str) -> None:
    if (method, check) not in BESIDE:
        CHECKS[check](method)


def squared(question: Question, *, power: float = 2.0) -> Answer:
    slopes = question.gradients(question.origin())
    return Answer(slopes.values.abs() ** power, slopes.responses, slopes.places, signed=False)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_third_partys_method(check: Callable[[Method], None]) -> None:
    check(squared)


def answers_the_first_only(question: Question) -> Answer:
    answer = squared(question)
    values = torch.zeros_like(answer.values)
    values[0] = answer.values[0]
    return Answer(values, answer.responses, answer.places)


def mixes_the_batch(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values / answer.values.amax(), answer.responses, answer.places)


def colours_everything(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values + 1e-3, answer.responses, answer.places)


def promises_too_much(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values, answer.responses, answer.places, delta=torch.zeros(question.photographs))


def rolls_dice(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values * torch.rand(()), answer.responses, answer.places)


def touches_the_network(question: Question) -> Answer:
    module = question.network.module
    module.first.register_forward_hook(lambda *_: None)
    return squared(question)


def ignores_the_target(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values, torch.zeros_like(answer.responses), answer.places)


@pytest.mark.parametrize(
    ("method", "broken"),
    [
        (answers_the_first_only, "every_photograph_is_answered_alone"),
        (mixes_the_batch, "every_photograph_is_answered_alone"),
        (colours_everything, "what_has_no_effect_gets_nothing"),
        (colours_everything, "a_constant_unit_is_told"),
        (promises_too_much, "completeness"),
        (rolls_dice, "seeds"),
        (touches_the_network, "the_network_is_unchanged"),
        (ignores_the_target, "targets"),
    ],
)
def test_the_contract_finds_what_is_broken(method: Callable[[Question], Answer], broken: str) -> None:
    with pytest.raises(AssertionError):
        CHECKS[broken](method)
