"""Maps to be judged, with the network that answers for them: what every metric works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.attribution._attribute import BATCH_SIZE, laid_out
from optogram.attribution._question import Question
from optogram.attribution._target import read_target
from optogram.errors import InputError, NotDefinedError, SettingError, StaleError

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network

Better = Literal["high", "low"]
Explain = Callable[["Network", Tensor], Tensor]
BY = ("signed", "absolute")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a metric gives: one number a photograph (NaN: no answer), which way is better, what chance gives where that is known.

    `curve`: the numbers that `values` sum up, [photograph, point], over `across`.
    """

    values: Float[Tensor, "batch"]
    better: Better
    chance: Float[Tensor, "batch"] | None = None
    across: tuple[float, ...] = ()
    curve: Float[Tensor, "batch point"] | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Photographs of one size with one map each.

    `question` is settled: every response is read at the neuron of the unchanged photograph. `values` are the maps as the method gave
    them, `maps` as one number a pixel. `explain(network, images)` gives the same method's maps anew (`None` for maps that no method made).
    `truth` marks the pixels that a map should be on.
    """

    question: Question
    responses: Float[Tensor, "batch"]
    values: Float[Tensor, "batch channel height width"]
    maps: Float[Tensor, "batch height width"]
    explain: Explain | None = field(default=None, repr=False)
    truth: Bool[Tensor, "batch height width"] | None = None

    @property
    def images(self) -> Float[Tensor, "batch channel height width"]:
        """The photographs, in 0..1."""
        return self.question.images

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.images.shape[2], self.images.shape[3]

    def generator(self) -> torch.Generator:
        """Random numbers from the seed, from the start each time."""
        return torch.Generator().manual_seed(self.question.seed)

    def ordered(self, by: str) -> Float[Tensor, "batch height width"]:
        """The maps as what they are sorted by: themselves (evidence for the unit first), or their magnitude."""
        if by not in BY:
            raise SettingError(f'by is one of {", ".join(BY)}; got "{by}"')
        return self.maps if by == "signed" else self.maps.abs()

    def asked_anew(self, metric: str) -> Explain:
        """`explain`, or the reason why this metric cannot be had."""
        if self.explain is None:
            raise NotDefinedError(f"{metric} asks a method anew, and these maps come from none. Use deletion, insertion or sparseness.")
        return self.explain

    def marked(self, metric: str) -> Bool[Tensor, "batch height width"]:
        """`truth`, or the reason why this metric cannot be had."""
        if self.truth is None:
            raise InputError(f"{metric} compares maps with what is known: give truth=, a mask [height, width] or a Box for each photograph")
        return self.truth

    def pairs(self, draws: int) -> Iterator[tuple[Int[Tensor, "row"], Int[Tensor, "row"]]]:
        """Every pair of photograph and draw, in inner batches."""
        draw, photo = torch.meshgrid(torch.arange(draws), torch.arange(len(self.images)), indexing="ij")
        device = self.images.device
        for photos, numbers in zip(photo.flatten().split(self.question.batch_size), draw.flatten().split(self.question.batch_size), strict=True):
            yield photos.to(device), numbers.to(device)

    def answers(self, draws: int, changed: Callable[[Tensor, Tensor], Tensor]) -> Float[Tensor, "batch draw"]:
        """The responses to `draws` changed copies of each photograph; `changed(photo, draw)` makes the rows of one inner batch."""
        found = torch.empty(len(self.images), draws, device=self.images.device)
        with self.question.tracked(draws * len(self.images)) as watched:
            for photo, draw in self.pairs(draws):
                found[photo, draw] = watched.responses(changed(photo, draw), photo).float()
        return found


def trials(
    network: Network, attribution: Attribution, *, truth: Any = None, seed: int = 0, batch_size: int | None = None, progress: Any = False
) -> list[tuple[list[int], Trial]]:
    """An attribution's maps as trials, one for each size of photograph, each with the photographs' numbers."""
    if attribution.source is not None:
        raise NotDefinedError(f"metrics are defined for maps over photographs; these are over the units of {attribution.source}")
    if attribution.provenance.weights != network.weights_hash:
        raise StaleError(f"these maps belong to other weights ({attribution.provenance.network}) than {network.name} has: ask og.attribute again")
    runner = laid_out(network)
    reduce = str(attribution.provenance.settings.get("reduce", "max"))
    target = read_target(runner, attribution.asked if attribution.asked is not None else attribution.target, reduce)
    masks = _masks(truth, [np.asarray(image).shape[-2:] for image in attribution.images])
    sizes: dict[tuple[int, ...], list[int]] = {}
    for number, image in enumerate(attribution.images):
        sizes.setdefault(np.asarray(image).shape, []).append(number)
    found = []
    for numbers in sizes.values():
        images, values = (_stacked(network, [every[number] for number in numbers]) for every in (attribution.images, attribution.values))
        maps = _stacked(network, [attribution.map(number) for number in numbers])
        asked = Question(runner, images, target, attribution.method, seed=seed, batch_size=batch_size or BATCH_SIZE, progress=progress)
        settled, responses = asked.settled()
        known = None if masks is None else torch.stack([masks[number] for number in numbers]).to(images.device)
        found.append((numbers, Trial(settled, responses, values, maps, explainer(attribution), known)))
    return found


def explainer(attribution: Attribution) -> Explain | None:
    """The method that made the maps, to be asked of other images or another network."""
    again = attribution.again
    if again is None:
        return None

    def explain(network: Network, images: Tensor) -> Tensor:
        found = again(network, images, attribution.asked)
        return torch.as_tensor(np.stack([found.map(photo) for photo in range(len(found))])).to(images.device)

    return explain


def _stacked(network: Network, arrays: Sequence[Any]) -> Tensor:
    return torch.as_tensor(np.stack([np.asarray(array) for array in arrays])).to(network.device, network.dtype)


def _masks(truth: Any, sizes: Sequence[tuple[int, ...]]) -> list[Tensor] | None:
    """Masks of all photographs, from masks or boxes."""
    from optogram.geometry import Box

    if truth is None:
        return None
    if len(truth) != len(sizes):
        raise InputError(f"truth has a mask or a Box for each photograph; got {len(truth)} for {len(sizes)}")
    found = []
    for one, size in zip(truth, sizes, strict=True):
        if isinstance(one, Box):
            inside = one.within(*size)
            mask = torch.zeros(*size, dtype=torch.bool)
            mask[inside.top : inside.bottom, inside.left : inside.right] = True
        else:
            mask = torch.as_tensor(np.asarray(one)).bool()
        if tuple(mask.shape) != tuple(size):
            raise InputError(f"a mask has the photograph's height and width, {size[0]}x{size[1]}; got shape {tuple(mask.shape)}")
        if not bool(mask.any()):
            raise InputError("a mask marks at least one pixel; one of those given is empty")
        found.append(mask)
    return found
