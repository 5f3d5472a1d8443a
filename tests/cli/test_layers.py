"""`optogram layers`: the table of a network that is known, and errors that name what to type."""

from __future__ import annotations

from tests.cli.conftest import Type, one_line


def test_json_is_the_network_as_it_was_written(typed: Type) -> None:
    found = typed("layers", "net.py:colours", "--json")
    assert found.code == 0
    rows = {row["site"]: row for row in found.json}
    assert list(rows) == ["0", "2", "5"]
    assert [rows[site]["units"] for site in rows] == [3, 2, 2]
    assert [rows[site]["kind"] for site in rows] == ["convolution", "convolution", "head"]
    assert [rows[site]["shape"] for site in rows][1:] == [[side - 2 for side in rows["0"]["shape"]], []]
    assert [rows["0"]["receptive_field"], rows["2"]["receptive_field"]] == ["1x1", "3x3"]
    every = {row["site"] for row in typed("layers", "net.py:colours", "--all", "--no-fields", "--json").json}
    assert {"0", "1", "2", "3", "4", "5"} <= every


def test_the_table_has_a_line_a_site(typed: Type) -> None:
    lines = typed("layers", "net.py:colours").out.splitlines()
    assert lines[0].split()[:4] == ["site", "kind", "units", "shape"]
    assert [line.split()[0] for line in lines[1:4]] == ["0", "2", "5"]
    assert "3x3" in lines[2]


def test_what_is_no_network_says_what_is(typed: Type) -> None:
    for spec, told in (
        ("resnet18", "did you mean torchvision:resnet18 or timm:resnet18?"),
        ("net.py:coulours", "colours"),
        ("nothing.py:net", "nothing.py"),
        ("zoo:templtes", "Nearest: templates"),
    ):
        found = typed("layers", spec)
        assert (found.code, found.out) == (1, ""), spec
        assert told in one_line(found.err)


def test_wrong_usage_is_two(typed: Type) -> None:
    assert typed("layers").code == 2
    found = typed("layers", "net.py:colours", "--every")
    assert found.code == 2
    assert "Try: optogram layers --help" in found.err


def test_photographs_are_prepared_as_the_command_line_says(typed: Type) -> None:
    def shapes(*more: str) -> list[list[int]]:
        return [row["shape"] for row in typed("layers", "net.py:colours", "--no-fields", "--json", *more).json]

    assert shapes("--preprocess", "size=40,crop=30/20")[:2] == [[30, 20], [28, 18]]
    assert shapes("--preprocess", "size=40,crop=30/20") != shapes()
    found = typed("layers", "net.py:colours", "--preprocess", "sice=40")
    assert (found.code, found.out) == (1, "")
    assert 'no setting "sice" of preprocessing. Nearest: size' in one_line(found.err)
