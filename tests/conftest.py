"""What every test starts from: shapes checked at run time, one thread, seeds set, and the real data where it is there."""

from __future__ import annotations

import functools
import os
import random
import shutil
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import beartype
import hypothesis
import jaxtyping
import pytest

# A whole number is a float to type checkers (PEP 484) and to users; beartype follows only when told.
_checker = types.ModuleType("run_time_shapes")
_checker.checked = beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))  # type: ignore[attr-defined]
sys.modules[_checker.__name__] = _checker

CHECKED_CALLS = 100
"""So many calls of each function are checked in each file of tests: checking all of them took longer than what they do."""
_calls: Counter[types.CodeType] = Counter()  # a function inside a function would keep alive what it refers to
_jaxtyped = jaxtyping.jaxtyped
_making = threading.RLock()


def _first_calls(function: Any = None, *, typechecker: Any) -> Any:
    """`jaxtyping.jaxtyped` for the first calls in a file; what a check needs is made when a function is first called."""
    if function is None:
        return functools.partial(_first_calls, typechecker=typechecker)
    if not isinstance(function, types.FunctionType) or hasattr(function, "_counted"):
        return function if hasattr(function, "_counted") else _jaxtyped(function, typechecker=typechecker)
    made: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if _calls[function.__code__] >= CHECKED_CALLS:
            return function(*args, **kwargs)
        _calls[function.__code__] += 1
        with _making:  # checks are made with warnings off, which two threads at once would leave off for good
            if not made:
                made.append(_jaxtyped(function, typechecker=typechecker))
        return made[0](*args, **kwargs)

    called._counted = True  # type: ignore[attr-defined]
    return called


jaxtyping.jaxtyped = jaxtyping._decorator.jaxtyped = _first_calls
jaxtyping.install_import_hook("optogram", "run_time_shapes.checked")

ROOT = Path(__file__).resolve().parents[1]

hypothesis.settings.register_profile("quiet", deadline=None, max_examples=25, print_blob=True, derandomize=True, database=None)
hypothesis.settings.load_profile("quiet")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Callable[..., Path]:
    """`shared_data("photos", "bsds")`: a path in the real test data beside the checkout; skips, naming it, where it is absent."""

    def find(*parts: str) -> Path:
        path = ROOT.parent.joinpath("shared", "data", *parts)
        if not path.exists():
            pytest.skip(f"real test data is not here: {Path('..', 'shared', 'data', *parts)}")
        return path

    return find


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for the tests marked `browser`; skips where there is none, which with CI=true is a failure."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("no Chromium, and this is continuous integration: `make test` installs it")
    if found is None:
        pytest.skip("no Chromium on the path, nor in CHROMIUM")
    return found


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def _checked_anew() -> None:
    _calls.clear()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (code under test must not depend on the global state, but a failure must repeat)
    torch.manual_seed(0)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Run-time shape checks off, for tests of what a user without them sees when an argument has the wrong type or shape."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
