"""What must cost nothing: `import optogram`, `optogram --help`, the listing of methods."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = ("torch", "numpy", "scipy", "pyarrow", "PIL", "starlette", "uvicorn", "transformers", "torchvision", "timm")
LIMIT_S = 0.3
COMMANDS = {
    "import": "import optogram",
    "help": "import sys; from optogram.cli._app import run; assert run(['--help']) == 0",
    "methods": "import sys; from optogram.cli._app import run; assert run(['methods', '--json']) == 0",
}


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_heavy_is_imported(name: str) -> None:
    code = f"{COMMANDS[name]}\nimport sys; print('\\n', *sorted(set(sys.modules) & set({HEAVY!r})))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.splitlines()[-1].strip() == ""


@pytest.mark.parametrize("name", ["import", "help"])
def test_it_is_quick(name: str) -> None:
    # The quickest of several runs is what the code costs; the rest is what else the machine was doing.
    quickest = float("inf")
    for _ in range(15):
        quickest = min(quickest, seconds(COMMANDS[name]))
        if quickest < LIMIT_S:
            return
    pytest.fail(f"{name} takes {quickest:.2f} s at best, limit {LIMIT_S} s")
