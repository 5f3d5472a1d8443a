from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from optogram.evidence import _rules
from optogram.evidence._rules import MEASURING, rules


def test_a_changed_line_is_another_rule_and_what_is_no_source_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in MEASURING:
        (tmp_path / f"optogram.{package}").mkdir()
        for entry in Path(str(resources.files(f"optogram.{package}"))).glob("*.py"):
            shutil.copy(entry, tmp_path / f"optogram.{package}")
    today = rules(MEASURING)
    monkeypatch.setattr(_rules.resources, "files", lambda name: tmp_path / name)

    def again() -> str:
        rules.cache_clear()
        return rules(MEASURING)

    assert again() == today
    (tmp_path / "optogram.evidence" / "notes.txt").write_text("nothing")
    assert again() == today
    for changed in ("optogram.evidence/_path.py", "optogram.statistics/gate.py"):
        with (tmp_path / changed).open("a") as file:
            file.write("# other")
        assert again() != today
        today = again()
    rules.cache_clear()
