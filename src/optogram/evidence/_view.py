"""What a claim sees of one site: responses at the probe places, and how alike their patches look to the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from optogram.evidence._side_by_side import side_by_side
from optogram.evidence._viewers import Viewer
from optogram.geometry import Box
from optogram.images.patches import cut
from optogram.statistics.ranks import centred_ranks

if TYPE_CHECKING:
    from optogram.network.site import Site

GRAY = 128
LACKING = {"labels": "photographs in class folders", "marks": "a reader's marks: judge(..., marks={identity: True or False})"}
"""What each need is called where it is not met."""


@dataclass(frozen=True, slots=True)
class Gaze:
    """How a viewer sees things beside a site's patches: each feature centred and scaled to the patches' own mean and spread.

    `directions` are the patches' standardised features, of length 1; `kept` says which features differ between patches.
    """

    directions: Float[np.ndarray, "patch kept"]
    mean: Float[np.ndarray, " kept"]
    spread: Float[np.ndarray, " kept"]
    kept: Bool[np.ndarray, " feature"]

    @classmethod
    def of(cls, features: Float[np.ndarray, "patch feature"]) -> Gaze:
        """From the features of the patches."""
        spread = features.std(axis=0)
        kept = np.asarray(spread > 1e-6 * max(float(spread.max()), 1e-30))
        mean, spread = features[:, kept].mean(axis=0), spread[kept]
        return cls(_unit_length((features[:, kept] - mean) / spread), mean, spread, kept)

    def likeness(self, features: Float[np.ndarray, "shown feature"]) -> Float[np.ndarray, "patch shown"]:
        """Cosine of each patch with each thing shown."""
        return np.asarray(self.directions @ _unit_length((features[:, self.kept] - self.mean) / self.spread).T)


@dataclass(frozen=True, slots=True)
class Patches:
    """A site's probe patches: shared by the network and all of its twins, whose geometry is the same.

    `similarity` is the cosine of every two patches' features, each feature standardised over the patches. `fold` and
    `photograph` say where each patch is from; all probes of one photograph are in one fold. `gaze`: how anything else compares with
    them, where a claim shows the viewer more than patches.
    """

    similarity: Float[np.ndarray, "patch patch"]
    fold: Int[np.ndarray, " patch"]
    photograph: Int[np.ndarray, " patch"]
    gaze: Gaze | None = None
    _across: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def place(self) -> Int[np.ndarray, " patch"]:
        """Each patch's place among those of its fold."""
        second = self.fold != 0
        return np.where(second, np.cumsum(second), np.cumsum(~second)) - 1

    def alike(self, one: Int[np.ndarray, "..."], other: Int[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Similarity of each patch of `one` with its counterpart in `other`, which broadcast: by one number a pair, quicker than by two."""
        return np.asarray(self.similarity.reshape(-1).take(one * len(self.similarity) + other))

    def across(self, fold: int) -> Float[np.ndarray, "own other"]:
        """Similarity of the patches of `fold` with those of the other one; kept, since every claim of every twin asks for it."""
        if fold not in self._across:
            self._across[fold] = self.similarity[self.fold == fold].take(np.flatnonzero(self.fold != fold), axis=1)
        return self._across[fold]


@dataclass(frozen=True, slots=True)
class Stimuli:
    """What is known of the panel's photographs beside their pixels, an entry a photograph.

    `label`: the class folder's name, None where there is none; `group`: what hangs together (crops of one photograph), numbered;
    `mark`: whether a reader says that it shows what the reader has in mind, None where nobody was asked.
    """

    label: tuple[str | None, ...]
    group: Int[np.ndarray, " photograph"]
    mark: tuple[bool | None, ...] | None = None

    def lacking(self, needs: tuple[str, ...]) -> list[str]:
        """Which of a claim's needs are not there."""
        there = {"labels": len({*self.label} - {None}) > 1, "marks": self.mark is not None}
        return [need for need in needs if not there.get(need, True)]


@dataclass(frozen=True, slots=True)
class SiteView:
    """One network's responses at one site, with the patches that belong to them and what is known of their photographs.

    `recorded`: what claims' recorders found there besides, by their names.
    """

    site: Site
    responses: Float[np.ndarray, "patch unit"]
    patches: Patches
    stimuli: Stimuli | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)
    _ranks: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    def ranks(self, fold: int) -> Float[np.ndarray, "own unit"]:
        """`centred_ranks` of each unit's responses to the patches of `fold`; kept as long as the view, since several claims ask for them."""
        if fold not in self._ranks:
            self._ranks[fold] = centred_ranks(self.responses[self.patches.fold == fold])
        return self._ranks[fold]

    @property
    def alive(self) -> np.ndarray:
        """Units that do not give the same value everywhere."""
        return np.asarray(self.responses.max(axis=0) > self.responses.min(axis=0))

    @property
    def photographs(self) -> int:
        """How many photographs the patches are from."""
        return int(self.patches.photograph.max()) + 1


def look(
    viewer: Viewer,
    frames: Sequence[UInt8[np.ndarray, "height width channel"]],
    boxes: Sequence[Sequence[Box]],
    fold: Int[np.ndarray, " photograph"],
    keep: bool = False,
) -> Patches:
    """Cuts each photograph's boxes (gray outside), shows them to the viewer, and compares all with all. `keep`: so that more can be compared."""

    def seen(row: int) -> list[np.ndarray]:
        return [resized(frames[row], box, viewer.side) for box in boxes[row]]

    shown = [patch for patches in side_by_side(seen, range(len(frames))) for patch in patches]
    counts = [len(places) for places in boxes]
    rows = [viewer.features(np.stack(shown[start : start + 256])) for start in range(0, len(shown), 256)]
    photograph = np.repeat(np.arange(len(frames)), counts)
    gaze = Gaze.of(np.concatenate(rows))
    return Patches(_compared(gaze), np.repeat(fold, counts), photograph, gaze if keep else None)


def resized(frame: UInt8[np.ndarray, "height width channel"], box: Box, side: int) -> UInt8[np.ndarray, "side side channel"]:
    """The box's content at side x side pixels; what lies outside the photograph is middle gray."""
    height, width, channels = frame.shape
    inside = box.within(height, width)
    if (inside.height, inside.width) != (box.height, box.width):
        frame = cut(frame, box, fill=GRAY)
        box = Box(0, 0, box.height, box.width)
    image = Image.fromarray(frame[:, :, 0] if channels == 1 else np.ascontiguousarray(frame))
    small = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=(box.left, box.top, box.right, box.bottom)))
    return small.reshape(side, side, channels)


def similarity(features: Float[np.ndarray, "patch feature"]) -> Float[np.ndarray, "patch patch"]:
    """Cosine of every two rows after each feature is centred and scaled to its own spread (float32)."""
    return _compared(Gaze.of(features))


def _compared(gaze: Gaze) -> Float[np.ndarray, "patch patch"]:
    return np.asarray(gaze.directions @ gaze.directions.T)


def _unit_length(rows: Float[np.ndarray, "row kept"]) -> Float[np.ndarray, "row kept"]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray((rows / np.where(lengths > 0, lengths, 1)).astype(np.float32))
