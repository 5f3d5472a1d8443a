"""Evidence as a table: one row a unit and claim, filtered and sorted, and marks read from a file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optogram.errors import InputError, SettingError, unknown

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row

VERDICTS = ("stands", "leans", "can't tell", "salmon", "not tested")
SORTS = ("verdict", "effect", "p", "q", "unit")
YES, NO = ("yes", "true", "1", "y", "x"), ("no", "false", "0", "n", "")


def table(evidence: Evidence, verdicts: Sequence[str] = (), sort: str = "verdict", top: int | None = None) -> list[Row]:
    """One row a unit and claim: the one against twins, or against the claim's own null where twins have no say.

    `verdicts` filters; the corrections stay those of everything that was looked at. `sort`: "verdict" (strongest first, then by
    effect), "effect" (greatest first), "p" or "q" (least first), "unit"; rows without a number come last. `top`: at most so many.
    Raises `SettingError` for an unknown verdict or column.
    """
    check(verdicts, sort)
    leading: dict[tuple[str, str, str], Row] = {}
    for row in evidence.rows:
        key = row.unit, row.claim, row.viewer
        if key not in leading or row.null == "twins":
            leading[key] = row
    rows = [row for row in leading.values() if not verdicts or row.verdict in verdicts]
    return sorted(rows, key=lambda row: _place(row, sort))[:top]


def check(verdicts: Sequence[str], sort: str) -> None:
    """Raises `SettingError` for an unknown verdict or column, with the nearest."""
    for verdict in verdicts:
        if verdict not in VERDICTS:
            raise SettingError(unknown("verdict", verdict, VERDICTS))
    if sort not in SORTS:
        raise SettingError(unknown("column to sort by", sort, SORTS))


def line(row: Row) -> str:
    """One row as text: unit, claim, verdict, effect with its interval, and the sentence."""
    figures = "" if row.effect != row.effect else f"{row.effect:6.2f} [{row.low:.2f}, {row.high:.2f}]"
    return f"{row.unit:<28} {row.claim:<25} {row.verdict:<11} {figures:<21}  {row.sentence}"


def read_marks(path: Path) -> dict[str, bool]:
    """A reader's marks: a CSV file of a photograph's identity and yes or no a line, with or without a heading.

    Raises `InputError` for a line that says neither, naming it.
    """
    marks: dict[str, bool] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if len(row) < 2:
                continue
            said = row[1].strip().lower()
            if said not in (*YES, *NO):
                if number == 1:
                    continue
                raise InputError(f"line {number} of {path}: a mark is yes or no; got {row[1]!r}")
            marks[row[0].strip()] = said in YES
    if not marks:
        raise InputError(f"{path} marks no photograph; a line is IDENTITY,yes or IDENTITY,no")
    return marks


def _place(row: Row, sort: str) -> tuple[object, ...]:
    effect = -row.effect if row.effect == row.effect else float("inf")
    if sort == "verdict":
        return VERDICTS.index(row.verdict), effect
    if sort == "unit":
        return row.site, row.index, row.claim
    value = effect if sort == "effect" else getattr(row, sort)
    return (value if value == value else float("inf"),)
