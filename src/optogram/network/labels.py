"""Class names as they are given: a list, a mapping from sites to lists, or a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optogram.errors import LoadError

Labels = Sequence[str] | Mapping[str, Sequence[str]]
NAME_COLUMNS = ("name", "label", "class", "class_name", "description")


def read_labels(labels: Labels | str | Path) -> Labels:
    """The labels themselves; a `str` or `Path` is a file: .txt with one a line, .json, or .csv.

    JSON holds a list, `{"0": "tench", ...}`, or lists by site. A CSV's header names the columns `index` (optional: else the
    order of the rows) and `name`.
    """
    if isinstance(labels, str | Path):
        return _from_file(Path(labels))
    if isinstance(labels, Mapping):
        return {str(site): [str(name) for name in names] for site, names in labels.items()}
    return [str(name) for name in labels]


def _from_file(path: Path) -> Labels:
    if not path.is_file():
        raise LoadError(f'labels are a list of names or a file (.txt, .json, .csv); got "{path}", which is no file')
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            return _from_json(json.loads(text), path)
        return _from_csv(text, path) if path.suffix == ".csv" else text.strip("\r\n").splitlines()
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise LoadError(f"{path} cannot be read as {path.suffix or 'text'}: {error}") from error


def _from_json(value: Any, path: Path) -> Labels:
    if isinstance(value, list):
        return [str(name) for name in value]
    if isinstance(value, dict) and value and all(isinstance(names, list) and not str(key).isdigit() for key, names in value.items()):
        return {str(site): [str(name) for name in names] for site, names in value.items()}
    if isinstance(value, dict) and value and all(str(key).isdigit() for key in value):
        return in_order({int(key): name for key, name in value.items()}, str(path))
    raise LoadError(f'{path} holds neither a list of names nor {{"0": name, ...}}')


def _from_csv(text: str, path: Path) -> list[str]:
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if not rows:
        raise LoadError(f"{path} is empty")
    head = [cell.strip().casefold() for cell in rows[0]]
    column = next((head.index(name) for name in NAME_COLUMNS if name in head), None)
    if column is None:
        if len(rows[0]) == 1:
            return [row[0] for row in rows]
        raise LoadError(f"{path} needs a header with a column `name` (and `index`, if the rows are not in order); it begins {', '.join(rows[0])}")
    if "index" not in head:
        return [row[column] for row in rows[1:]]
    numbers = [row[head.index("index")] for row in rows[1:]]
    if wrong := [number for number in numbers if not number.strip().isdigit()]:
        raise LoadError(f'{path}: the column `index` holds whole numbers from 0; got "{wrong[0]}"')
    return in_order({int(number): row[column] for number, row in zip(numbers, rows[1:], strict=True)}, str(path))


def in_order(names: Mapping[int, Any], source: str) -> list[str]:
    """Names by index as a list; `LoadError` where an index is missing. A list as value (synset, name) gives its last entry."""
    if sorted(names) != list(range(len(names))):
        absent = next(index for index in range(len(names)) if index not in names)
        raise LoadError(f"{source} has no label for class {absent}")
    return [str(names[index][-1] if isinstance(names[index], list) else names[index]) for index in range(len(names))]
