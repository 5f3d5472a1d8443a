"""Imports go one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_layers_hold(repository: Path) -> None:
    done = check(repository)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"), [("geometry.py", "import optogram.images"), ("cli/_app.py", "def f():\n    from optogram.testing import x")]
)
def test_a_planted_import_is_found(repository: Path, tmp_path: Path, module: str, line: str) -> None:
    package = tmp_path / "optogram"
    for source in (repository / "src" / "optogram").rglob("*.py"):
        target = package / source.relative_to(repository / "src" / "optogram")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text())
    (package / "testing").mkdir(exist_ok=True)
    (package / "testing" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((repository / "pyproject.toml").read_text())
    with (package / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
