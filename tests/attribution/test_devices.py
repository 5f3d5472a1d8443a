"""Masks, baselines, draws and weights are made where the network is: every method on a device that is not the processor."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from optogram.attribution._attribute import METHODS


@pytest.mark.slow
def test_every_method_runs_where_the_network_is() -> None:
    """In a process of its own, since a device is there for all of it."""
    ran = subprocess.run([sys.executable, "-m", "tests.attribution.elsewhere"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert sorted(told) == METHODS.names()
    assert {method: off for method, off in told.items() if not (isinstance(off, float) and off < 1e-4)} == {}
