from __future__ import annotations

import json
from pathlib import Path

import pytest

from optogram.cli._app import run
from optogram.cli.methods import KINDS


def test_json_lists_every_file_of_every_registry(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    assert run(["methods", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert list(table) == list(KINDS)
    for kind, registry in KINDS.items():
        folder = repository / "src" / registry.package.replace(".", "/")
        files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
        assert files <= set(table[kind])
        assert all(table[kind].values())


def test_the_table_has_one_line_an_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum(len(registry.names()) for registry in KINDS.values())
    assert all(line.split()[0] in KINDS for line in lines)
