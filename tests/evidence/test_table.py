from __future__ import annotations

from pathlib import Path

import pytest

from optogram.errors import InputError, SettingError
from optogram.evidence._result import Evidence, Row
from optogram.evidence._table import line, read_marks, table
from optogram.result import Provenance

NAN = float("nan")


def row(unit: int, verdict: str, effect: float, q: float, null: str = "twins", claim: str = "identification") -> Row:
    return Row(f"b:{unit}", "b", unit, claim, "bank", null, effect, effect - 1, effect + 1, q / 2, q, q / 4, 0, 9, verdict, "Said.")


ROWS = (
    row(0, "salmon", 5.0, 0.9),
    row(1, "stands", 3.0, 0.02),
    row(1, "stands", 3.0, 0.01, "wrong picture"),
    row(2, "stands", 4.0, 0.04),
    row(3, "not tested", NAN, NAN),
    row(10, "leans", 1.0, 0.1),
    row(1, "stands", 1.0, 0.001, "1 % of photographs", "alive"),
)
EVIDENCE = Evidence(ROWS, (), Provenance("judge", "net", "0"))


def shown(**settings: object) -> list[tuple[int, str]]:
    return [(one.index, one.claim[0]) for one in table(EVIDENCE, **settings)]


def test_one_row_a_unit_and_claim_strongest_first() -> None:
    assert shown() == [(2, "i"), (1, "i"), (1, "a"), (10, "i"), (0, "i"), (3, "i")]
    assert all(one.null == "twins" for one in table(EVIDENCE) if one.claim == "identification")


def test_sorted_by_each_column_with_what_has_no_number_last() -> None:
    assert [unit for unit, _ in shown(sort="effect")][:2] == [0, 2]
    assert [unit for unit, _ in shown(sort="q")][:3] == [1, 1, 2]
    assert [unit for unit, _ in shown(sort="unit")] == [0, 1, 1, 2, 3, 10], "2 comes before 10"
    for sort in ("verdict", "effect", "p", "q"):
        assert shown(sort=sort)[-1] == (3, "i")


def test_filtered_and_cut() -> None:
    assert shown(verdicts=["stands"]) == [(2, "i"), (1, "i"), (1, "a")]
    assert shown(verdicts=["stands", "salmon"], top=2) == [(2, "i"), (1, "i")]


def test_a_line_says_all() -> None:
    assert line(ROWS[1]).split() == ["b:1", "identification", "stands", "3.00", "[2.00,", "4.00]", "Said."]
    assert "nan" not in line(ROWS[4])


def test_what_is_misspelt() -> None:
    with pytest.raises(SettingError, match="Nearest: salmon"):
        table(EVIDENCE, verdicts=["salmn"])
    with pytest.raises(SettingError, match="Nearest: effect"):
        table(EVIDENCE, sort="efect")


def test_marks_are_read(tmp_path: Path) -> None:
    file = tmp_path / "marks.csv"
    file.write_text('photograph,stripes\nb/1.jpg,yes\n"a, b.jpg",No\n\nc.jpg,\n')
    assert read_marks(file) == {"b/1.jpg": True, "a, b.jpg": False, "c.jpg": False}
    file.write_text("a.jpg,yes\nb.jpg,perhaps\n")
    with pytest.raises(InputError, match="line 2 of .*perhaps"):
        read_marks(file)
    file.write_text("\n")
    with pytest.raises(InputError, match="marks no photograph"):
        read_marks(file)
