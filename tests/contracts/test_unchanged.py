"""After every verb the user's module is as it was, also when the verb ends in the middle, and when two threads use one network."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.contracts.verbs import USES, VERBS, Case, case

import optogram as og
from optogram.errors import Stopped
from optogram.testing.unchanged import unchanged

ALL = VERBS | USES
SLOW = ("build_atlas",)
QUICK = [name for name in ALL if name not in SLOW]


@pytest.fixture
def given(tmp_path: Path) -> Case:
    return case(tmp_path)


@pytest.fixture
def world(given: Case) -> Iterator[Case]:
    """The same, and afterwards what is everybody's is as it was: random state, whether gradients are on, the default type."""

    def state() -> list[Any]:
        return [torch.random.get_rng_state().tolist(), torch.is_grad_enabled(), torch.get_default_dtype(), np.random.get_state()[1].tolist()]  # type: ignore[index]  # noqa: NPY002

    before = state()
    yield given
    assert state() == before


def test_every_public_verb_is_in_the_table() -> None:
    public = {name for name in og.__all__ if inspect.isfunction(getattr(og, name))}
    assert public - {"load", "open_images", "open_atlas"} == set(VERBS)


def test_the_comparison_can_fail(given: Case) -> None:
    for spoil in (
        lambda: given.module.conv.weight.data.add_(1e-6),
        lambda: given.module.norm.running_mean.add_(1e-6),
        lambda: given.module.conv.weight.grad.zero_(),  # type: ignore[union-attr]
        lambda: given.module.eval(),
        lambda: given.module.head.weight.requires_grad_(True),
        lambda: given.module.second.register_forward_hook(lambda *_: None),
    ):
        with pytest.raises(AssertionError, match="the network was changed"), unchanged(given.module):
            spoil()


@pytest.mark.parametrize("name", ALL)
def test_nothing_changes(name: str, world: Case) -> None:
    with unchanged(world.module):
        ALL[name](world)
    assert name == "weight_images" or world.shared.passes > 0, "the verb ran the network"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("name", [name for name in QUICK if name != "weight_images"])
def test_nothing_changes_when_it_ends_in_the_middle(name: str, error: type[BaseException], given: Case) -> None:
    before = given.network.run(given.images)
    given.shared.passes = 0
    ALL[name](given)
    for at in {1, max(1, given.shared.passes // 2)}:
        again = case(given.path)
        again.shared.passes, again.shared.at, again.shared.error = 0, at, error
        # A verb may go on after an error of the network (a field is then measured otherwise), never after Ctrl-C.
        with unchanged(again.module):
            try:
                ALL[name](again)
            except (error, Stopped, ValueError, RuntimeError):
                pass
            else:
                assert error is RuntimeError, "Ctrl-C was swallowed"
        again.shared.at = -1
        assert torch.equal(again.network.run(again.images), before), "and the network goes on as it was"


def numbers(found: Any) -> list[np.ndarray]:
    """What of a result must not depend on who else computes."""
    if isinstance(found, og.Sweep):
        return [part for site in found.sites for part in (found.ranked(site).indices, found.ranked(site).activations, found.panel.greatest(site))]
    if isinstance(found, og.Evidence):
        return [found.effect.astype(float), found.p.astype(float)]
    if isinstance(found, og.Score):
        return [found.values]
    if hasattr(found, "arrays"):
        return [part for name, part in found.arrays().items() if part.dtype.kind == "f"]
    if isinstance(found, dict):
        return [np.array([box.as_tuple() for box in found.values()])]
    return [] if found is None else [found.detach().numpy()]


@pytest.mark.parametrize("name", QUICK)
def test_two_threads_get_what_one_gets(name: str, given: Case) -> None:
    alone = numbers(ALL[name](given))
    answers: list[Any] = [None, None]
    start = threading.Barrier(2)

    def work(number: int) -> None:
        start.wait()
        try:
            answers[number] = numbers(ALL[name](given))
        except BaseException as error:
            answers[number] = error

    with unchanged(given.module):
        threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        assert len(answer) == len(alone)
        assert all(np.allclose(one, other, atol=1e-5, equal_nan=True) for one, other in zip(answer, alone, strict=True))


def test_different_verbs_at_once_do_not_disturb_each_other(given: Case) -> None:
    names = ("attribute", "synthesize", "sweep", "run")
    alone = {name: numbers(ALL[name](given)) for name in names}
    answers: dict[str, Any] = {}
    start = threading.Barrier(len(names))

    def work(name: str) -> None:
        start.wait()
        answers[name] = numbers(ALL[name](given))

    with unchanged(given.module):
        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in names:
        assert all(np.allclose(one, other, atol=1e-5, equal_nan=True) for one, other in zip(answers[name], alone[name], strict=True)), name
