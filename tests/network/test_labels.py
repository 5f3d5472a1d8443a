"""Class names from lists and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import optogram as og
from optogram.errors import LoadError
from optogram.network.labels import read_labels

FILES = {
    "plain.txt": "tench\ngold fish\ncrane, bird\n",
    "dos.txt": "tench\r\ngold fish\r\ncrane, bird",
    "bom.txt": "\ufefftench\ngold fish\ncrane, bird",
    "list.json": '["tench", "gold fish", "crane, bird"]',
    "index.json": '{"2": "crane, bird", "0": "tench", "1": "gold fish"}',
    "keras.json": '{"0": ["n01", "tench"], "1": ["n02", "gold fish"], "2": ["n03", "crane, bird"]}',
    "table.csv": 'index,wnid,name\n1,n02,gold fish\n0,n01,tench\n2,n03,"crane, bird"\n',
    "ordered.csv": 'wnid,Name\nn01,tench\nn02,gold fish\nn03,"crane, bird"\n',
    "bare.csv": 'tench\ngold fish\n"crane, bird"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name].encode())
    assert read_labels(tmp_path / name) == ["tench", "gold fish", "crane, bird"]
    assert read_labels(str(tmp_path / name)) == ["tench", "gold fish", "crane, bird"]


def test_lists_and_mappings(tmp_path: Path) -> None:
    assert read_labels(("a", "b")) == ["a", "b"]
    assert read_labels({"head": ["a"], "other": ["b", "c"]}) == {"head": ["a"], "other": ["b", "c"]}
    (tmp_path / "sites.json").write_text('{"head": ["a"], "other": ["b", "c"]}')
    assert read_labels(tmp_path / "sites.json") == {"head": ["a"], "other": ["b", "c"]}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("gap.json", '{"0": "a", "2": "b"}', "has no label for class 1"),
        ("broken.json", "[1,", "cannot be read as .json"),
        ("other.json", '{"classes": 3}', "neither a list of names"),
        ("head.csv", "a,b\n1,2\n", "needs a header with a column `name`"),
        ("empty.csv", "", "is empty"),
        ("word.csv", "index,name\nx,tench\n", 'whole numbers from 0; got "x"'),
    ],
)
def test_files_that_are_none(name: str, text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LoadError, match=told):
        read_labels(tmp_path / name)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(LoadError, match="which is no file"):
        read_labels("nothing.txt")


def test_labels_that_fit_no_output_are_told() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    with pytest.warns(UserWarning, match=r"3 labels are given, and no output has as many units \(3 has 4"):
        assert og.Network(module, og.Preprocess(size=16), ["a", "b", "c"]).site("3").labels is None
    assert og.Network(module, og.Preprocess(size=16), ["a", "b", "c", "d"]).site("3").labels == ("a", "b", "c", "d")
