"""What a canvas is: parameters with one row a picture, and the pictures that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.optimisers import Optimiser

Parameters = list[Tensor]
"""Float tensors whose first axis counts pictures; rows never mix."""


@runtime_checkable
class Canvas(Protocol):
    """A way to write pictures as parameters that an optimiser moves.

    A frozen dataclass whose fields are its settings; `optimiser` is what suits its parameters. It may also have: `deviates`,
    true where the parameters are pixels' deviations from where they began; `given(network, photos, image)`, which gives the canvas that
    begins from them; `from_photograph` or `from_photographs`, true where it cannot do without; `size`, the height and width that it must
    have; `began`, the picture that it begins from, and `deviation`, how far beside it pictures begin that are to differ; `write(images)`,
    the parameters whose pictures these are; `final(parameters, height, width)`, the finished pictures, where they are not what was drawn on
    the way; `alpha`, true where `draw` gives opacity as one layer more, with `price`, what opacity costs (`opacity.py`).
    """

    @property
    def name(self) -> str:
        """What the registry calls it."""

    @property
    def optimiser(self) -> Optimiser:
        """The optimiser that is used unless another is given."""

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Where each picture starts, one generator a row, so that a row does not depend on its neighbours."""

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1, differentiable."""

    def project(self, parameters: Parameters) -> None:
        """Brings the parameters back, in place, to where the canvas allows them; called after each step."""


def noise(generators: Sequence[torch.Generator], shape: tuple[int, ...], deviation: float) -> Float[Tensor, "row ..."]:
    """Normal noise, each row from its own generator."""
    return torch.stack([torch.randn(shape, generator=generator) for generator in generators]) * deviation
