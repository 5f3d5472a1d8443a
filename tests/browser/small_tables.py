"""The small atlas's tables beside its units: what conv1 is made of, tuned to and mapped by, and answers to photographs held out."""

from __future__ import annotations

from typing import Any

import numpy as np

from optogram.atlas.tables import schemas

HELD_OUT = 24
HAS_MAP = {"map_pack": 0, "map_offset": 0, "map_rows": 11, "map_columns": 11, "map_limit": 2.0}
MAP = np.outer(np.linspace(-127, 127, 11), np.ones(11)).astype(np.int8)
"""What every strongest exemplar's map shows: down above, up below."""


def links() -> dict[str, list[Any]]:
    """conv1:0 is made of conv1:2 and is part of fc:1, which is called great white shark."""
    common = {"unit": 0, "rank": 0, "strength": 1.0, "rows": 1, "columns": 3}
    into = {**common, "way": "in", "site": "conv1", "other": 2, "weight": 0.5, "kernel": [-0.5, 0.0, 1.0]}
    return columns("links", [into, {**common, "way": "out", "site": "fc", "other": 1, "weight": -2.0, "kernel": [-1.0, -1.0, 0.0]}])


def references(site: str, order: list[int], responses: np.ndarray, length: int) -> dict[str, list[Any]]:
    """Nine of each kind and half of every living unit: the plate has every second of them, one sheet of so many bytes the others."""
    records = []
    for unit in order[:-1]:
        for kind, least in (("top", False), ("bottom", True)):
            for fold in (0, 1):
                for rank in range(9):
                    place = 2 * rank + fold
                    on_plate = place < 9
                    records.append(
                        {
                            "unit": unit,
                            "kind": kind,
                            "fold": fold,
                            "rank": rank,
                            "photo": f"folder/photo {place}.jpg",
                            "activation": float(responses[unit, place if least else -1 - place]),
                            "alt": f"Photograph {rank + 1} of 9 of half {fold} for {site}:{unit}.",
                            "cell": place + 54 * least if on_plate else place - 9 + 9 * least,
                            **({"pack": -1, "offset": 0, "length": 0} if on_plate else {"pack": 0, "offset": 0, "length": length}),
                        }
                    )
    return columns("references", records)


def tuning(units: int) -> dict[str, list[Any]]:
    """Every unit prefers 45 degrees, but the last, which nothing drives."""
    rates = [float(1 + np.cos(2 * (angle - np.pi / 4))) for angle in np.arange(12) * np.pi / 12]
    common = {"rates": rates, "frequency": 0.125, "preferred": 45.0, "variance": 0.5, "bandwidth": 45.0, "ratio": 1.5}
    return columns("tuning", [{**common, "unit": unit, "driven": unit < units - 1} for unit in range(units)])


def answers(order: list[int]) -> bytes:
    """To the photographs held out: unit 0 responds to the even ones, the others as it comes."""
    found = np.random.default_rng(7).random((len(order), HELD_OUT))
    found[order.index(0)] = (np.arange(HELD_OUT) + 1) % 2 + 0.01 * np.arange(HELD_OUT)
    return found.astype("<f4").tobytes()


def columns(table: str, records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [record[name] for record in records] for name in schemas()[table].names}
