from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optogram.errors import SettingError
from optogram.registry import Registry

FILES = {
    "shelf_of_tests/__init__.py": '"""A shelf."""',
    "shelf_of_tests/grad_cam.py": '"""Weights times activations.\n\nMore."""\nimport colorsys as imported\n\ndef grad_cam():\n    return "cam"\n',
    "shelf_of_tests/plain.py": "def plain():\n    return 1\n",
    "shelf_of_tests/broken.py": '"""Cannot be imported."""\nraise RuntimeError("imported")\n',
    "shelf_of_tests/wide/__init__.py": '"""A package as an entry."""\ndef wide():\n    return "wide"\n',
    "shelf_of_tests/_shared.py": "secret = 1\n",
    "their_module.py": "def theirs():\n    return 'theirs'\n",
    "their_package-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: their-package\nVersion: 2.0\n",
    "their_package-2.0.dist-info/entry_points.txt": "[shelf_of_tests]\nour-own = their_module:theirs\nplain = their_module:theirs\n",
}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Registry("shelf_of_tests", "method")
    for name in [name for name in sys.modules if name.startswith(("shelf_of_tests", "their_module"))]:
        del sys.modules[name]


def test_names_are_files_and_entry_points_without_underscore(shelf: Registry) -> None:
    assert shelf.names() == ["broken", "grad_cam", "our_own", "plain", "wide"]


def test_listing_imports_nothing(shelf: Registry) -> None:
    shelf.names()
    [shelf.summary(name) for name in shelf.names()]
    assert not {name for name in sys.modules if name.startswith(("shelf_of_tests.", "their_module"))}


def test_get_imports_only_the_file_asked_for(shelf: Registry) -> None:
    assert shelf.get("grad_cam")() == "cam"
    assert {name for name in sys.modules if name.startswith("shelf_of_tests.")} == {"shelf_of_tests.grad_cam"}


def test_dash_and_underscore_are_the_same(shelf: Registry) -> None:
    assert shelf.get("grad-cam") is shelf.get("grad_cam")
    assert shelf.get("our-own")() == shelf.get("our_own")() == "theirs"


def test_a_distribution_adds_a_name_but_does_not_replace_one(shelf: Registry) -> None:
    assert shelf.get("our_own")() == "theirs"
    assert shelf.get("plain")() == 1


def test_a_package_may_be_an_entry(shelf: Registry) -> None:
    assert shelf.get("wide")() == "wide"
    assert shelf.summary("wide") == "A package as an entry."


def test_summary_is_the_docstrings_first_line(shelf: Registry) -> None:
    assert shelf.summary("grad-cam") == "Weights times activations."
    assert shelf.summary("broken") == "Cannot be imported."
    assert shelf.summary("plain") == ""
    assert shelf.summary("our_own") == "from their-package"


@pytest.mark.parametrize("ask", ["get", "summary"])
def test_an_unknown_name_gets_its_nearest(shelf: Registry, ask: str) -> None:
    with pytest.raises(SettingError, match='no method "gradcam". Nearest: grad_cam'):
        getattr(shelf, ask)("gradcam")


def test_shared_files_are_not_reached(shelf: Registry) -> None:
    with pytest.raises(SettingError):
        shelf.get("_shared")


@pytest.mark.parametrize("package", ["no_such_package", "no_such.package", "optogram.no_such.package"])
def test_a_package_that_is_not_there_has_no_names(package: str) -> None:
    assert Registry(package, "thing").names() == []
