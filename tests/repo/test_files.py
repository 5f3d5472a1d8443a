"""What every tracked file must keep to: short, nothing of anyone's machine, nothing left for later."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

LONGEST = 400
CODE = {".py", ".ts", ".svelte", ".js", ".css"}
TEXT = CODE | {".md", ".toml", ".txt", ".html", ".json", ".yml", ".yaml", ".sh", ""}
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")
MACHINE = re.compile(r"/(work|home|Users|opt)/(?!bin)\w|/ro" r"ot/|/tmp/\w")
BUILT = ("src/optogram/viewer/", "web/package-lock.json", "LICENSE")


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked is unknown")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True).stdout.split("\0")
    own = [repository / name for name in names if name and not name.startswith(BUILT)]
    return [path for path in own if path.suffix in TEXT and path.is_file()]


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    lines = ((path, number, line) for path in paths for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    return [f"{path.name}:{number}: {line.strip()}" for path, number, line in lines if pattern.search(line)]


def test_no_file_is_long(tracked: list[Path]) -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tracked if path.suffix in CODE}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_nothing_is_left_for_later(tracked: list[Path]) -> None:
    assert found(LATER, tracked) == []


def test_no_path_of_a_machine(tracked: list[Path]) -> None:
    assert found(MACHINE, tracked) == []


@pytest.mark.parametrize(
    ("pattern", "line"), [(LATER, "# TO" + "DO: later"), (LATER, "raise NotImplemented" + "Error"), (MACHINE, "open('/wo" + "rk/x')")]
)
def test_a_planted_line_is_found(tmp_path: Path, pattern: re.Pattern[str], line: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(f"fine\n{line}\n")
    assert found(pattern, [path]) == [f"planted.py:2: {line}"]


def test_versions_agree(repository: Path) -> None:
    import tomllib

    import optogram

    assert tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"] == optogram.__version__


def test_each_dependency_is_pinned_and_explained(repository: Path) -> None:
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.split(r"[<>=\[]", line)[0] for line in declared} - {"optogram"}
    pinned = {line.split("==")[0].lower() for line in (repository / "constraints.txt").read_text().splitlines() if "==" in line}
    assert names - pinned == set()
    explained = (repository / "docs" / "dependencies.md").read_text()
    assert {name for name in names if f"| {name} |" not in explained} == set()
