"""docs/attribution.md says of every method what it promises, where it refuses and what holds it: as the registry and the methods have it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import optogram as og
from optogram.attribution._attribute import METHODS
from optogram.testing.attribution import LINEAR


@pytest.fixture(scope="module")
def script(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("attribution_table", repository / "scripts" / "attribution_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "attribution.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page: str) -> dict[str, str]:
    return {
        line.split("`")[1]: line for line in page.partition("<!-- methods -->")[2].partition("<!-- end -->")[0].splitlines() if line.startswith("| `")
    }


def test_every_method_has_a_row_and_a_cost(rows: dict[str, str]) -> None:
    assert list(rows) == list(METHODS.names())
    for line in rows.values():
        assert re.fullmatch(r"[\d.]+", line.rstrip("| ").rpartition("| ")[2]), line


@pytest.mark.parametrize("method", METHODS.names())
def test_a_row_says_what_the_method_does(method: str, rows: dict[str, str], script: ModuleType) -> None:
    cost = rows[method].rstrip("| ").rpartition("| ")[2]
    assert rows[method] == script.row(method, cost)


def test_linear_on_the_page_are_those_whose_mixtures_the_contract_asks(rows: dict[str, str]) -> None:
    assert {method for method, line in rows.items() if "linear in the response" in line} == LINEAR


@pytest.mark.parametrize("method", METHODS.names())
def test_its_oracle_is_there_and_asks_it(method: str, repository: Path, script: ModuleType) -> None:
    place, _ = script.ORACLES[method]
    assert f'"{method}"' in (repository / "tests" / "attribution" / f"test_{place}.py").read_text(encoding="utf-8")


def test_the_peers_are_those_that_are_compared(page: str, repository: Path) -> None:
    held = re.findall(r'(?m)^    \("(\w+)", \{', (repository / "tests" / "oracles" / "test_attribution_peers.py").read_text(encoding="utf-8"))
    told = re.findall(r"`(\w+)`", page.partition("| method | beside |")[2].partition("\n\n")[0])
    assert sorted(set(held)) == sorted(told)
    words = {12: "twelve", 13: "thirteen", 14: "fourteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 20: "twenty"}
    assert f"{words[len(held)]} maps of {words[len(told)]} methods" in page


def test_names_on_the_page_are_those_that_there_are(page: str) -> None:
    assert set(re.findall(r"\bog\.(\w+)", page)) <= set(og.__all__)
