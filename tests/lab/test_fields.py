from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.lab.fields import FieldsResult, fields
from optogram.network.network import Network


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> FieldsResult:
    found: FieldsResult = quick("fields").result
    return found


def test_the_rule_is_right_on_a_chain(found: FieldsResult) -> None:
    assert found["agree"] == 1
    assert found.sides[:, 0].tolist() == [11, 15, 31, 39, 47]
    assert "a place of conv4 sees 3 of conv3, 5 of conv2, 9 of pool1, 19 of conv1 and 47 pixels a side" in str(found)


def test_the_effective_field_is_smaller_than_the_box(found: FieldsResult) -> None:
    assert (found.sides[2:, 2] < found.sides[2:, 1]).all()
    inside = [energy[box[0] : box[2], box[1] : box[3]].sum() / energy.sum() for energy, box in zip(found.energy, found.boxes, strict=True)]
    assert inside == pytest.approx([1] * 5)


class Branches(nn.Module):
    """Two paths of different widths that meet."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(1, 3, 3, padding=1)
        self.wide = nn.Conv2d(1, 3, 7, padding=3)
        self.last = nn.Conv2d(3, 2, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.narrow(images).relu() + self.wide(images).relu()).mean((2, 3))


def test_where_paths_meet_the_rule_is_told_to_be_wrong() -> None:
    """The rule takes all three for a chain: right for the first, 9 instead of 7 for the second, 11 instead of 9 for the last."""
    told = fields(network=Network(Branches(), Preprocess(size=24)), quick=True, progress=False)
    assert told.sides[:, :2].tolist() == [[3, 3], [9, 7], [11, 9]]
    assert "paths of different widths" in str(told)


def test_pictures_are_drawn(found: FieldsResult) -> None:
    assert set(found.pictures()) == {"growth", "energy"}
