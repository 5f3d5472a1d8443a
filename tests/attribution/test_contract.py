"""Every method of the registry, and one that a third party might bring, satisfies the contract; one that does not is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from optogram.attribution._attribute import METHODS
from optogram.attribution._question import Answer, Question
from optogram.errors import NonFiniteError
from optogram.testing import attribution as suite
from optogram.testing.attribution import CHECKS, Method

BESIDE = {(name, "what_has_no_effect_gets_nothing") for name in ("full_grad", "attention_relevance", "attention_rollout")}
"""FullGrad draws bias terms where they arise, also above pixels without effect; its own tests hold that their input term is nought. Attention
mixes all tokens, those of black patches too."""
BESIDE |= {("deconvnet", "a_unit_at_zero_on_one_photograph_is_told")}
"""Its gradients pass a rectifier that is closed: the map of a unit at zero is what would open it."""


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("method", METHODS.names())
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


def reads_rows_as_they_lie(question: Question) -> Answer:
    answer, images = squared(question), question.images
    return Answer(answer.values * images.as_strided(images.shape, torch.empty(images.shape).stride()), answer.responses, answer.places)


def upside_down_in_16_bits(question: Question) -> Answer:
    answer = squared(question)
    return Answer(answer.values if answer.values.dtype is torch.float32 else answer.values.flip(2), answer.responses, answer.places)


def swallows_what_is_not_finite(question: Question) -> Answer:
    try:
        return squared(question)
    except NonFiniteError:
        return Answer(torch.zeros_like(question.images), torch.zeros(question.photographs), (torch.zeros(question.photographs, dtype=torch.long),))


def rewords_errors(question: Question) -> Answer:
    try:
        return squared(question)
    except ArithmeticError as error:
        raise ArithmeticError("something went wrong") from error


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
        (colours_everything, "a_unit_at_zero_on_one_photograph_is_told"),
        (reads_rows_as_they_lie, "channels_last"),
        (upside_down_in_16_bits, "bfloat16"),
        (swallows_what_is_not_finite, "numbers_that_are_none_are_told"),
        (rewords_errors, "an_error_of_the_network_is_passed_on"),
        (squared, "linearity"),
        (promises_too_much, "completeness"),
        (rolls_dice, "seeds"),
        (touches_the_network, "the_network_is_unchanged"),
        (ignores_the_target, "targets"),
    ],
)
def test_the_contract_finds_what_is_broken(method: Callable[[Question], Answer], broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "LINEAR", {"squared"})
    with pytest.raises(AssertionError):
        CHECKS[broken](method)
