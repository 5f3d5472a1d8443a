"""Some photographs shown whole, each with its predictions, what it drives, and attribution maps of several units by several methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float, Int8
from torch import Tensor

from optogram.atlas.folder import Folder
from optogram.atlas.frames import Frames
from optogram.atlas.schema import DrawnMap, Photograph
from optogram.atlas.seen import Usual, seen
from optogram.atlas.sprites import webp
from optogram.atlas.tables import schemas
from optogram.errors import OptogramError
from optogram.images.folds import panel
from optogram.progress import Progress, track

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.field import Field
    from optogram.network.network import Network
    from optogram.network.site import Site

PREDICTIONS = 5
LARGEST = 256
"""Pixels of a map's longer side; larger ones are averaged over squares."""

ATTRIBUTED_SITES = 2
"""Sites with places, of which the unit that the photograph drives most is attributed too."""


@dataclass(frozen=True)
class Gallery:
    """What it takes to show photographs of one network."""

    folder: Folder
    directory: str
    network: Network
    sites: Sequence[Site]
    fields: Mapping[str, Field]
    usual: Callable[[str], Usual]
    methods: tuple[str, ...]
    targets: int = 2 + ATTRIBUTED_SITES

    def shown(self, photos: Photos, frames: Frames, count: int, progress: Progress) -> list[Photograph]:
        """`count` photographs: the panel's first by rank, so chosen by nobody."""
        found: list[Photograph] = []
        chosen = panel(photos, count) if count and heads(self.network) else []
        with track("attribution", len(chosen), progress) as advance:
            for index in chosen:
                try:
                    frame = frames[photos.identity(index)]
                except OptogramError:
                    continue
                if (one := self._photograph(photos.identity(index), frame)) is not None:
                    found.append(one)
                advance(1)
        return found

    def _photograph(self, identity: str, frame: np.ndarray) -> Photograph | None:
        """One photograph; `None` where the network is not finite on it."""
        image = as_image(frame)
        best = predictions(self.network, image)
        if best is None:
            return None
        number = f"{hash_number(identity):016x}"
        rows = seen(self.network, self.sites, self.fields, self.usual, image)
        targets = [one.address for one in best[:2]] + _driven(self.sites, rows)
        maps, numbers = self._maps(image, targets[: self.targets])
        return Photograph(
            identity=identity,
            file=self.folder.put(self.directory, f"photo-{number}", "webp", photograph(frame)),
            height=frame.shape[0],
            width=frame.shape[1],
            predictions=[(one.label, one.response) for one in best],
            seen=self.folder.table(self.directory, f"seen-{number}", rows, schemas()["seen"]),
            numbers=self.folder.put(self.directory, f"maps-{number}", "pack", numbers) if numbers else None,
            maps=maps,
        )

    def _maps(self, image: Tensor, targets: Sequence[str]) -> tuple[list[DrawnMap], bytes]:
        """A map a target and method; a method that this network has no use for is left out (its refusal is the method's own)."""
        still = at_rest(self.network)
        maps: list[DrawnMap] = []
        numbers = bytearray()
        for target in targets:
            for method in self.methods:
                try:
                    one, values = drawn_map(still, image, target, method, len(numbers))
                except OptogramError:
                    continue
                maps.append(one)
                numbers += values
        return maps, bytes(numbers)


@dataclass(frozen=True)
class Prediction:
    """A class that a photograph is named by, and the response of its unit."""

    address: str
    label: str
    response: float


def heads(network: Network) -> list[Site]:
    """Where classes are read."""
    return [site for site in network.sites() if site.kind == "head" and site.layout == "vector"]


def as_image(frame: np.ndarray) -> Float[Tensor, "1 channel height width"]:
    """A photograph [height, width, channel] of bytes as the network is given it."""
    return torch.from_numpy(frame.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def photograph(frame: np.ndarray) -> bytes:
    """A photograph in the input frame as a picture's file."""
    from PIL import Image

    return webp(Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).convert("RGB"), quality=85)


def predictions(network: Network, image: Float[Tensor, "1 channel height width"]) -> list[Prediction] | None:
    """The classes with the greatest responses, best first; none where the network has no head, `None` where it is not finite."""
    known = heads(network)
    if not known:
        return []
    with torch.no_grad():
        responses = known[0].places(network.read(known[0], image))[0, :, 0]
    if not responses.isfinite().all():
        return None
    best = [int(unit) for unit in responses.argsort(descending=True)[:PREDICTIONS]]
    return [
        Prediction(f"{known[0].address}:{unit}", known[0].labels[unit] if known[0].labels else str(unit), float(responses[unit])) for unit in best
    ]


def at_rest(network: Network) -> Network:
    """A copy that takes photographs of the input frame as they are."""
    still = network.worker()
    still.preprocess = network.preprocess.__class__(mean=network.preprocess.mean, std=network.preprocess.std)
    return still


def drawn_map(
    still: Network,
    image: Tensor,
    target: str,
    method: str,
    offset: int = 0,
    progress: Progress = False,
    settings: Mapping[str, Any] | None = None,
) -> tuple[DrawnMap, bytes]:
    """One method's map of one photograph in the input frame, and its numbers. `still` is `at_rest(network)`."""
    from optogram.attribution._attribute import attribute

    found = attribute(still, image, target, method, progress=progress, **(settings or {}))
    values, limit = quantised(np.asarray(found.values)[0].sum(axis=0))
    drawn = DrawnMap(
        method=method,
        target=target,
        response=float(np.asarray(found.responses).reshape(-1)[0]),
        limit=limit,
        note="" if np.asarray(found.values).any() else "zero everywhere: nothing to show",
        height=values.shape[0],
        width=values.shape[1],
        offset=offset,
    )
    return drawn, values.tobytes()


def quantised(values: Float[np.ndarray, "height width"], largest: int = LARGEST) -> tuple[Int8[np.ndarray, "rows columns"], float]:
    """A map in signed bytes, 127 for the 99.5th percentile of the absolute values and all beyond it; that percentile.

    Averaged over squares until its longer side has at most `largest` pixels.
    """
    step = -(-max(values.shape) // largest)
    height, width = (side // step * step for side in values.shape)
    small = values[:height, :width].reshape(height // step, step, width // step, step).mean(axis=(1, 3))
    limit = float(np.quantile(np.abs(small), 0.995)) or float(np.abs(small).max())
    return np.clip(np.round(small * (127 / limit if limit else 0)), -127, 127).astype(np.int8), limit


def _driven(sites: Sequence[Site], rows: Mapping[str, list[Any]]) -> list[str]:
    """The neuron that the photograph drives most at the middle one and the last one of the sites with places."""
    mapped = [site for site in sites if site.grid and site.kind != "head"]
    chosen = mapped[len(mapped) // 2 :: max(1, (len(mapped) - 1) // 2)][:ATTRIBUTED_SITES]
    first = {
        site: unit
        for site, kind, rank, unit in zip(rows["site"], rows["kind"], rows["rank"], rows["unit"], strict=True)
        if (kind, rank) == ("most", 0)
    }
    return [f"{site.address}:{first[site.address]}" for site in chosen if site.address in first]


def hash_number(identity: str) -> int:
    """A number for a file's name: identities hold characters that file systems do not."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "little")
