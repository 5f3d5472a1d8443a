"""What must cost nothing: `import optogram`, `optogram --help`, the listing of methods."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "scipy", "pyarrow", "PIL", "starlette", "uvicorn", "transformers", "torchvision", "timm")
LIMIT_S = 0.3
COMMANDS = {
    "import": "import optogram",
    "help": "import sys; from optogram.cli._app import run; assert run(['--help']) == 0",
    "methods": "import sys; from optogram.cli._app import run; assert run(['methods', '--json']) == 0",
}


def seconds(code: str) -> float:
    """What a fresh Python that runs this code takes: its own processor time, so that what else the machine does stays out."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_heavy_is_imported(name: str) -> None:
    code = f"{COMMANDS[name]}\nimport sys; print('\\n', *sorted(set(sys.modules) & set({HEAVY!r})))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.splitlines()[-1].strip() == ""


@pytest.mark.parametrize("name", ["import", "help"])
def test_it_is_quick(name: str) -> None:
    assert min(seconds(COMMANDS[name]) for _ in range(5)) < LIMIT_S


def test_a_heavy_import_would_be_seen() -> None:
    assert min(seconds("import torch") for _ in range(2)) > LIMIT_S
