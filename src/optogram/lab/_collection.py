"""Pictures with classes as vectors, split into a half to learn from and a half to test on: from wheels, or from a folder of class folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor

from optogram.errors import SourceError
from optogram.images.folds import rank
from optogram.images.photos import Photos
from optogram.lab._sources import central
from optogram.zoo._photographs import carried


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Gray pictures `[picture, side, side]` in 0..1, the class of each, the names of the classes, and which are held out."""

    name: str
    pictures: Float[np.ndarray, "picture height width"]
    classes: Int[np.ndarray, " picture"]
    names: tuple[str, ...]
    held_out: Bool[np.ndarray, " picture"]

    @property
    def side(self) -> int:
        """Pixels along a picture's side."""
        return int(self.pictures.shape[1])

    @property
    def vectors(self) -> Float[np.ndarray, "picture pixel"]:
        """The pictures row by row, as one list of numbers each."""
        return self.pictures.reshape(len(self.pictures), -1)

    def part(self, held_out: bool) -> tuple[Float[np.ndarray, "picture pixel"], Int[np.ndarray, " picture"]]:
        """Vectors and classes of the test half, or of the half to learn from."""
        chosen = self.held_out == held_out
        return self.vectors[chosen], self.classes[chosen]

    def tensors(self, held_out: bool) -> tuple[Tensor, Tensor]:
        """The same as tensors, centred and scaled with the mean and standard deviation of all pixels to learn from."""
        known = self.vectors[~self.held_out]
        vectors, classes = self.part(held_out)
        return torch.from_numpy((vectors - known.mean()) / known.std()).float(), torch.from_numpy(classes)

    def reduced(self, most: int) -> Collection:
        """At most so many pictures of each class, the first ones."""
        counts = np.zeros(len(self.names), int)
        kept = []
        for index, number in enumerate(self.classes.tolist()):
            counts[number] += 1
            if counts[number] <= most:
                kept.append(index)
        return replace(self, pictures=self.pictures[kept], classes=self.classes[kept], held_out=self.held_out[kept])


def collection(images: Photos | None, default: str, side: int, seed: int) -> Collection:
    """The user's class folders at `side` pixels, or the embedded `faces` (25 pixels) or `digits` (8 pixels)."""
    if images is not None:
        return _own(images, side, seed)
    return faces(seed) if default == "faces" else digits(seed)


def faces(seed: int) -> Collection:
    """100 faces and 100 pictures of other things, 25x25, that scikit-image carries (from Labeled Faces in the Wild)."""
    pictures = np.load(carried("skimage", "data/lfw_subset.npy")).astype(np.float64)
    classes = np.repeat([0, 1], 100)
    return Collection("faces of scikit-image", pictures, classes, ("face", "no face"), _split(classes, seed))


def digits(seed: int) -> Collection:
    """1,797 handwritten digits, 8x8, that scikit-learn carries."""
    rows = np.loadtxt(carried("sklearn", "datasets/data/digits.csv.gz"), delimiter=",")
    classes = rows[:, -1].astype(np.int64)
    pictures = rows[:, :-1].reshape(-1, 8, 8) / 16
    return Collection("digits of scikit-learn", pictures, classes, tuple(map(str, range(10))), _split(classes, seed))


def _own(images: Photos, side: int, seed: int) -> Collection:
    labels = [images.label(index) for index in range(len(images))]
    names = tuple(sorted({label for label in labels if label is not None}))
    if len(names) < 2:
        raise SourceError(f"classes are folders: this lab needs a folder of at least two class folders; {images!r} has {len(names)}")
    order = sorted((index for index in range(len(images)) if labels[index] is not None), key=lambda index: rank(images.identity(index), seed))
    pictures = np.stack([_gray(images.load(index, channels=1), side) for index in order])
    classes = np.array([names.index(str(labels[index])) for index in order], dtype=np.int64)
    return Collection(images.source.name, pictures, classes, names, _split(classes, seed))


def _gray(pixels: np.ndarray, side: int) -> Float[np.ndarray, "side side"]:
    return np.asarray(central(Image.fromarray(pixels[:, :, 0]), side), np.float64) / 255


def _split(classes: Int[np.ndarray, " picture"], seed: int) -> Bool[np.ndarray, " picture"]:
    """Half of each class, at random, is held out."""
    random = np.random.default_rng(seed)
    held_out = np.zeros(len(classes), bool)
    for number in np.unique(classes).tolist():
        members = random.permutation(np.flatnonzero(classes == number))
        held_out[members[: len(members) // 2]] = True
    return held_out


def smoothness(templates: Float[np.ndarray, "template pixel"], side: int) -> Float[np.ndarray, " template"]:
    """How alike neighbouring pixels of each template are: their correlation across and down, 0 for noise, near 1 for smooth pictures."""
    found = []
    for template in np.reshape(templates, (-1, side, side)):
        pairs = [(template[:, 1:], template[:, :-1]), (template[1:], template[:-1])]
        found.append(np.mean([np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs]))
    return np.array(found)


def right(answers: Sequence[int] | np.ndarray, classes: np.ndarray) -> int:
    """How many answers are the class."""
    return int((np.asarray(answers) == classes).sum())
