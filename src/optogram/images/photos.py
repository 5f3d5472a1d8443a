"""A set of photographs: named, in a fixed order, decoded on demand, with account of those that cannot be read."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from optogram.errors import SettingError, SourceError
from optogram.images.batches import Batch, Prepared, ahead, gather
from optogram.images.decode import MAX_PIXELS, Decoded, Unreadable, decode
from optogram.images.left_out import LeftOut, LeftOutWarning, sentence
from optogram.images.preprocess import Preprocess
from optogram.images.source import Source, raw_name

_HASHING_THREADS = 4


class Photos:
    """What `og.open_images` gives. Nothing is decoded until it is asked for, and nothing is kept.

    `channels` is 3 for colour, 1 for gray. An unreadable photograph is found when it is read: it keeps its index and identity, batches
    pass over it, and `left_out` names it.
    """

    def __init__(self, source: Source, *, channels: int = 3, max_pixels: int = MAX_PIXELS, groups: Sequence[str] | None = None) -> None:
        if channels not in (1, 3):
            raise SettingError(f"photographs have 1 channel (gray) or 3 (colour); got {channels}")
        self.source = source
        self.channels = channels
        self.max_pixels = max_pixels
        self._groups = groups
        self._places: Sequence[int] = range(len(source.identities))
        self._reasons: dict[int, str] = {}
        self._digests: dict[int, bytes] = {}
        self._told = 0

    def __len__(self) -> int:
        return len(self._places)

    def identity(self, index: int) -> str:
        """Its name: the path relative to the source, or the index in an array or data set."""
        return self.source.identities[self._places[index]]

    def group(self, index: int) -> str:
        """What folds keep together; the identity, unless `grouped` said otherwise."""
        return self.identity(index) if self._groups is None else self._groups[self._places[index]]

    def label(self, index: int) -> str | None:
        """The name of its class, where the source knows one (a class folder, a label column)."""
        return self.source.label(self._places[index])

    def load(self, index: int, channels: int | None = None) -> UInt8[np.ndarray, "height width channel"]:
        """One photograph in the photo frame, upright, as it is kept. Raises `SourceError` with its name and the reason if it cannot be read."""
        try:
            image = self._decoded(index, channels or self.channels).image
        except (Unreadable, OSError) as error:
            raise SourceError(f"{self.identity(index)} cannot be read: {self._leave_out(index, error)}") from error
        pixels = np.array(image)
        return pixels[:, :, None] if pixels.ndim == 2 else pixels

    def readable(self, channels: int | None = None) -> list[tuple[str, UInt8[np.ndarray, "_ _ channel"]]]:
        """Names and pixels in the photo frame of all that can be read; a `LeftOutWarning` tells of the others, `SourceError` if none can."""
        found = []
        for index in range(len(self)):
            with contextlib.suppress(SourceError):
                found.append((self.identity(index), self.load(index, channels)))
        if not found:
            raise SourceError(f"no photograph of {self.source.name} can be read: {self._sentence()}")
        self.tell_left_out()
        return found

    def batches(
        self,
        preprocess: Preprocess,
        channels: int | None = None,
        batch_size: int = 32,
        indices: Sequence[int] | None = None,
        workers: int = 2,
        left_out: list[LeftOut] | None = None,
        draft: bool = True,
    ) -> Iterator[Batch]:
        """The photographs in the input frame, in order, decoded ahead by `workers` threads (0: in this one).

        `indices`: which ones, and in which order; all by default. Where the input frame has no fixed size, a batch holds neighbours of equal
        size. `left_out` is given those that were passed over; at the end one `LeftOutWarning` tells those that had not been told yet.
        `draft`: large JPEGs are decoded at a coarser scale that is still twice what resizing needs, several times faster;
        the pixels then differ by about .4 of 255 (root mean square) from a full decode. Raises `SourceError` if none can be read.
        """
        if batch_size < 1:
            raise SettingError(f"a batch holds at least 1 photograph; got batch_size={batch_size}")
        wanted = range(len(self)) if indices is None else indices
        readable = 0

        def prepare(index: int) -> Prepared | None:
            return self._prepare(index, preprocess, channels or self.channels, draft)

        try:
            with closing(ahead(prepare, wanted, workers, depth=batch_size + 2 * workers)) as prepared:
                for batch in gather(prepared, batch_size):
                    readable += len(batch.indices)
                    yield batch
        finally:
            if left_out is not None:
                left_out += [found for index in wanted if (found := self._found(index)) is not None]
        if wanted and not readable:
            raise SourceError(f"no photograph of {self.source.name} can be read: {self._sentence()}")
        self.tell_left_out()

    @property
    def left_out(self) -> list[LeftOut]:
        """Those found unreadable so far, in the photographs' order."""
        return [found for index in range(len(self)) if (found := self._found(index)) is not None]

    @property
    def hash(self) -> str:
        """16 hexadecimal digits over identities, groups and contents (not over the file system); reads every photograph once."""
        with ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="optogram-hash") as pool:
            digests = list(pool.map(self._digest, self._places))
        state = blake2b(digest_size=8)
        for index, digest in enumerate(digests):
            for part in (self.identity(index).encode(), self.group(index).encode(), digest):
                state.update(len(part).to_bytes(8, "little") + part)
        return state.hexdigest()

    def subset(self, indices: Sequence[int]) -> Photos:
        """These photographs only, in the order of the indices; what one finds unreadable the other knows."""
        chosen = self._copy(self.source, self._groups)
        chosen._places = [self._places[index] for index in indices]
        return chosen

    def grouped(self, by: Callable[[str], str] | Sequence[str]) -> Photos:
        """The same photographs, with what folds keep together: a function of the identity, or a list with one name for each.

        Crops of one scene, or photographs of one person, belong in one fold: else a unit is tested on what chose its exemplars.
        """
        return self._copy(self.source, self._spread(by, "group"))

    def labelled(self, by: Callable[[str], str] | Sequence[str]) -> Photos:
        """The same photographs, with their classes' names: a function of the identity, or a list with one name for each."""
        return self._copy(replace(self.source, label=self._spread(by, "label").__getitem__), self._groups)

    def thumbnail(self, index: int, side: int = 96) -> Image.Image:
        """A small copy for display, at most `side` pixels high and wide."""
        found = self._decoded(index, self.channels, lambda *size: (side, side))
        found.image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return found.image

    def tell_left_out(self) -> None:
        """One `LeftOutWarning` for those found unreadable that had not been told yet; nothing where there are none."""
        known = len(self.left_out)
        if known > self._told:
            self._told = known
            warnings.warn(self._sentence(), LeftOutWarning, stacklevel=3)

    def __repr__(self) -> str:
        colour = "gray" if self.channels == 1 else "colour"
        return f"Photos({len(self):,} {self.source.noun} of {self.source.name}, {colour})"

    def _prepare(self, index: int, preprocess: Preprocess, channels: int, draft: bool) -> Prepared | None:
        needed = preprocess.resized if draft and preprocess.size is not None else None
        try:
            found = self._decoded(index, channels, needed)
        except (Unreadable, OSError) as error:
            self._leave_out(index, error)
            return None
        return Prepared(index, preprocess.apply_picture(found.image, found.size), found.size)

    def _decoded(self, index: int, channels: int, needed: Callable[[int, int], tuple[int, int]] | None = None) -> Decoded:
        if raw_name(self.identity(index)):
            raise Unreadable("camera raw, which is not read")
        return decode(self.source.read(self._places[index]), channels, max_pixels=self.max_pixels, needed=needed)

    def _leave_out(self, index: int, error: Unreadable | OSError) -> str:
        reason = error.reason if isinstance(error, Unreadable) else (error.strerror or "cannot be read").lower()
        self._reasons[self._places[index]] = reason
        return reason

    def _found(self, index: int) -> LeftOut | None:
        reason = self._reasons.get(self._places[index])
        return None if reason is None else LeftOut(self.identity(index), reason)

    def _sentence(self) -> str:
        return sentence(self.left_out, len(self), self.source.noun)

    def _digest(self, place: int) -> bytes:
        if place not in self._digests:
            self._digests[place] = self.source.digest(place)
        return self._digests[place]

    def _copy(self, source: Source, groups: Sequence[str] | None) -> Photos:
        """The same view with shared knowledge of what is unreadable and of digests."""
        other = Photos(source, channels=self.channels, max_pixels=self.max_pixels, groups=groups)
        other._places, other._reasons, other._digests = self._places, self._reasons, self._digests
        return other

    def _spread(self, by: Callable[[str], str] | Sequence[str], noun: str) -> list[str]:
        """One name for each entry of the source, also for those that this view does not show."""
        if callable(by):
            return [by(identity) for identity in self.source.identities]
        if len(by) != len(self):
            raise SettingError(f"one {noun} for each of the {len(self):,} photographs; got {len(by):,}")
        names = list(self.source.identities)
        for place, name in zip(self._places, by, strict=True):
            names[place] = name
        return names
