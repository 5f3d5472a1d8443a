"""The public face: exactly `__all__`, each name where the table says, and nothing that a submodule's import could shadow."""

from __future__ import annotations

import ast
import pkgutil
import re
from pathlib import Path

import pytest

import optogram

SOURCE = Path(optogram.__file__)


def test_public_names_are_exactly_all() -> None:
    assert sorted(optogram._HOMES) == sorted(optogram.__all__)
    assert {*optogram.__all__, "__version__"} == set(dir(optogram))


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(SOURCE.read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {alias.asname: node.module for node in imports for alias in node.names} == optogram._HOMES
    assert all(alias.name == alias.asname for node in imports for alias in node.names)


@pytest.mark.parametrize("name", sorted(optogram.__all__))
def test_each_name_is_there(name: str) -> None:
    assert getattr(optogram, name) is not None


def test_no_verb_is_named_like_a_submodule() -> None:
    submodules = {entry.name for entry in pkgutil.iter_modules(optogram.__path__)}
    assert submodules & set(optogram.__all__) <= {"errors"}


def test_unknown_names_are_told() -> None:
    with pytest.raises(AttributeError, match="atlass"):
        _ = optogram.atlass


def test_the_readme_uses_only_names_that_there_are(repository: Path) -> None:
    used = set(re.findall(r"\bog\.(\w+)", (repository / "README.md").read_text()))
    assert used
    assert used - set(optogram.__all__) == set()


def test_the_readme_types_only_commands_and_options_that_there_are(repository: Path) -> None:
    import typer

    from optogram.cli._app import COMMANDS

    lines = re.findall(r"(?m)^    optogram (.+)$", (repository / "README.md").read_text())
    assert lines
    for line in lines:
        name, *rest = line.split()
        assert name in {known.replace("_", "-") for known in COMMANDS.names()}, line
        program = typer.Typer(add_completion=False)
        program.command(name)(COMMANDS.get(name))
        parameters = typer.main.get_command(program).params
        options = {option for parameter in parameters for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_readme_names_only_targets_that_make_has(repository: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (repository / "Makefile").read_text()))
    used = set(re.findall(r"`make ([a-z-]+)`|^    make ([a-z-]+)", (repository / "README.md").read_text(), re.MULTILINE))
    assert {one or other for one, other in used} <= targets
