"""What is said of a network that does not run: its own mistake with its line, or that a size is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor, nn

from optogram.errors import InputError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


class Forgetful(nn.Module):
    """Its forward asks for a layer that nobody made."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))  # type: ignore[no-any-return, operator]


class Picky(nn.Module):
    """Takes one size that nobody would try."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4 * 35 * 35, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(x).flatten(1))  # type: ignore[no-any-return]


def test_a_mistake_in_the_code_is_told_with_its_line_and_a_size_is_asked_for() -> None:
    line = next(number for number, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "self.second(self.first" in text)
    with pytest.raises(InputError, match=rf"its forward raised AttributeError: .*'second'.* \(test_sample.py, line {line}\)") as caught:
        Network(Forgetful()).sites()
    assert isinstance(caught.value.__cause__, AttributeError)
    with pytest.raises(InputError, match="give its input size"):
        Network(Picky()).sites()
    assert Network(Picky(), Preprocess(size=37)).site("head").units == 2
