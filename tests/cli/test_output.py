from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from optogram.cli._output import PICTURES, as_json, checked
from optogram.errors import SettingError
from optogram.result import FORMATS


def test_endings_are_those_of_results() -> None:
    assert set(PICTURES) == set(FORMATS)


def test_json_is_the_standards_whatever_the_numbers() -> None:
    value = {"nan": np.nan, "most": np.float32(np.inf), "rows": np.array([[1.5, -np.inf]]), "path": Path("a.png"), 3: (True, None, np.int64(7))}
    told = json.loads(as_json(value), parse_constant=lambda word: pytest.fail(word))
    assert told == {"nan": None, "most": None, "rows": [[1.5, None]], "path": "a.png", "3": [True, None, 7]}


def test_what_can_be_written(tmp_path: Path) -> None:
    for name in ("a.png", "a.WEBP", "a.npz"):
        assert checked(tmp_path / name) == tmp_path / name
    for name, numbers in (("a.npz", False), ("a.gif", True), ("layer2.0", True), ("a", False)):
        with pytest.raises(SettingError, match="Type -o"):
            checked(tmp_path / name, numbers)
    with pytest.raises(SettingError, match="mkdir -p"):
        checked(tmp_path / "no" / "a.png")
