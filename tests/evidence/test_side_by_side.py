"""Two at once, in order, and without a trace."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from optogram.evidence._side_by_side import side_by_side


def blas() -> list[int]:
    return [int(one["num_threads"]) for one in threadpool_info() if one["user_api"] == "blas"]


@pytest.fixture
def _three() -> Any:
    with threadpool_limits(3, user_api="blas"):
        if not blas() or set(blas()) != {3}:
            pytest.skip("this matrix library does not let its threads be set")
        yield


def test_what_is_found_is_in_order() -> None:
    slow = threading.Event()

    def find(number: int) -> int:
        if number == 0:
            slow.wait(5)
        else:
            slow.set()
        return number * number

    assert list(side_by_side(find, range(5))) == [0, 1, 4, 9, 16]


@pytest.mark.usefixtures("_three")
def test_matrices_keep_to_one_thread_while_two_are_measured() -> None:
    assert [set(seen) for seen in side_by_side(lambda _: blas(), range(3))] == [{1}] * 3
    assert set(blas()) == {3}


@pytest.mark.usefixtures("_three")
def test_what_was_set_comes_back_after_an_error_and_after_callers_that_overlap() -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0]))
    assert set(blas()) == {3}
    first, second = side_by_side(lambda _: blas(), range(4)), side_by_side(lambda _: blas(), range(4))
    next(first), next(second)
    assert [set(seen) for seen in first] == [{1}] * 3
    assert set(blas()) == {1}  # the second goes on
    assert [set(seen) for seen in second] == [{1}] * 3
    assert set(blas()) == {3}
