"""What a source of networks gives: the module and what it knows about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from optogram.errors import MissingExtraError
from optogram.images.preprocess import Preprocess
from optogram.network.labels import Labels

Want = Literal["own", "none"]
"""The weights to build with: the source's own trained ones, or seeded random ones (a file may then fill them)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A module with its preprocessing and labels, as far as its source knows them."""

    module: nn.Module
    name: str
    preprocess: Preprocess | None = None
    labels: Labels | None = None


def missing_extra(what: str) -> MissingExtraError:
    """The error for a library of models that is not installed."""
    return MissingExtraError(f"{what} is not installed; type: pip install optogram[models]")


def no_weights(spec: str, places: str) -> str:
    """What to say where the library's own weights are not on this machine: optogram downloads nothing."""
    return (
        f"{spec}: its trained weights are not on this machine ({places}), and nothing is downloaded. "
        f'Pass a file, weights="{spec.partition(":")[2].rpartition("/")[2]}.safetensors", or weights="none" for random ones (--weights).'
    )
