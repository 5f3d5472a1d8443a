"""`Attribution`: maps of what in each photograph drives the target, with what is needed to read them honestly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, UInt8

from optogram.geometry import Box
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image

UNASKED = "sanity not asked: og.sanity(net, attribution), or --sanity, tells whether the map changes with the learning and the class"

Maps = Float[np.ndarray, "batch ..."] | list[Float[np.ndarray, "..."]]


def telling(signed: bool) -> str:
    """What a pixel that is not nought says of the response: maps without signs leave out what speaks against it, too."""
    return "changes" if signed else "speaks for"


def joined(joint: str, *parts: str) -> str:
    """Those of the parts that say something."""
    return joint.join(part for part in parts if part)


@dataclass(frozen=True)
class Attribution(Result):
    """What each pixel (or each unit of `source`) contributes to the target's response.

    `values` have the shape of the images given, float32; where a list was given, a list with one map a photograph.
    `responses` are the target's, `places` where each was read (`"@3,5"`; empty where there is no choice). `delta` is what
    completeness misses, where the method promises it; `base` the response to the baseline, where that is not black. `zero` marks
    photographs on which the map is nought throughout. `frames` are the parts of the photographs that the network was given (its
    crop). `estimated` says that values come from random draws: what has no effect gets nought only on average. `per_channel` is false
    where the method does not tell channels apart and each repeats the same map. `generalised` says that a rule was used where no
    paper defines it. `asked` is the target as it was given, and `again(network, images, target)` asks the same method with the same
    settings anew. `seen` measures `boxes`. `verdict` is the sentence of `og.sanity`, where it was asked for. `worths` [batch, unit], where a
    `source` is asked about: each of its units' values summed over places. `names` of the photographs, where several files were given.
    """

    values: Maps
    responses: Float[np.ndarray, "batch"]
    target: str
    method: str
    places: tuple[str, ...]
    zero: Bool[np.ndarray, "batch"]
    provenance: Provenance
    images: Maps
    frames: tuple[Box, ...]
    delta: Float[np.ndarray, "batch"] | None = None
    base: Float[np.ndarray, "batch"] | None = None
    estimated: bool = False
    source: str | None = None
    worths: Float[np.ndarray, "batch unit"] | None = None
    site: str | None = None
    signed: bool = True
    per_channel: bool = True
    generalised: bool = False
    notes: tuple[str, ...] = ()
    verdict: str | None = None
    names: tuple[str, ...] = ()
    asked: Any = field(default=None, repr=False, compare=False)
    again: Callable[..., Attribution] | None = field(default=None, repr=False, compare=False)
    seen: Callable[[], tuple[Box, ...]] | None = field(default=None, repr=False, compare=False)

    ARRAYS: ClassVar[tuple[str, ...]] = ("values", "responses", "zero", "delta", "base", "worths")

    def __len__(self) -> int:
        return len(self.responses)

    def map(self, photo: int = 0) -> Float[np.ndarray, "height width"]:
        """One photograph's map as one number a pixel: the sum over channels, or the one channel that all repeat.

        Raises `TypeError` where the values are no map (a source that is no image).
        """
        values = np.asarray(self.values[photo])
        if values.ndim != 3:
            raise TypeError(f"the values of {self.source} have shape {values.shape}: numbers, not a map; read .values")
        flat: np.ndarray = values.sum(axis=0) if self.per_channel else values[0]
        return flat

    def units(self, count: int = 10) -> list[tuple[str, float]]:
        """The units of `source` that matter most, by the mean over photographs of what their places sum to: address and that mean, signed.

        og.attribute(net, tabbies, "fc:tabby", "lrp", source="layer3").units()  # relevance of concepts; through="layer3:12" shows one
        """
        if self.worths is None or self.source is None:
            return []
        means = self.worths.mean(axis=0)
        return [(f"{self.source}:{unit}", float(means[unit])) for unit in np.argsort(-np.abs(means), kind="stable")[:count].tolist()]

    def boxes(self) -> tuple[Box, ...]:
        """What the neuron that was read can see, in the pixels of each photograph; it may leave the photograph.

        Empty where no one neuron was read (`reduce="mean"`, a contrast), or where it sees all that the network is given.
        """
        return () if self.seen is None or self.source is not None else self.seen()

    def patch(self, photo: int = 0) -> tuple[UInt8[np.ndarray, "rows columns channel"], Float[np.ndarray, "rows columns"]] | None:
        """The part of a photograph inside its box, and the map cut alike (NaN outside the photograph); `None` where there is no box."""
        from optogram.attribution._seen import patch_of

        return patch_of(self, photo)

    def figure(self) -> Image:
        """Photograph, map and overlay of each photograph; signed maps diverge about 0, limits are printed."""
        from optogram.attribution._figure import figure

        return figure(self)

    def gallery(self, columns: int | None = None) -> Image:
        """The unit on all photographs: each with its map and overlay, strongest response first, all maps on one scale.

        A hidden unit that sees a part of the photograph has, before these, the patch that its strongest neuron saw and the map cut alike.
        """
        from optogram.attribution._gallery import gallery

        return gallery(self, columns)

    def title(self) -> str:
        """Method and target in a few words."""
        label = " (generalised)" if self.generalised else ""
        over = f" over {self.source}" if self.source else ""
        at = f" at {self.site}" if self.site else ""
        return f"{self.method}{label}{at} of {self.target}{over}"

    def caption(self, photo: int = 0) -> str:
        """What the map of one photograph says in a line: the response, where it was read, what completeness misses."""
        place = f" {self.places[photo]}" if self.places[photo] else ""
        parts = [f"response {self.responses[photo]:.3g}{place}"]
        if self.delta is not None:
            parts.append(f"delta {self.delta[photo]:.2g}")
        if self.zero[photo]:
            parts.append(f"the map is nought everywhere: {self.method} finds nothing in this photograph that {telling(self.signed)} the response")
        return " · ".join(parts)

    def name(self, photo: int = 0) -> str:
        """The photograph's file, where there are several; empty where it is not known."""
        return self.names[photo] if len(self) > 1 and self.names else ""

    def __str__(self) -> str:
        lines = [self.title(), *(joined(": ", self.name(photo), self.caption(photo)) for photo in range(min(len(self), 4)))]
        lines += [f"... {len(self) - 4} more"] if len(self) > 4 else []
        lines += [f"most: {', '.join(f'{unit} {value:+.3g}' for unit, value in self.units(5))}"] if self.source else []
        lines += [f"sanity: {self.verdict}"] if self.verdict else [UNASKED] if self.again is not None and self.source is None else []
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])
