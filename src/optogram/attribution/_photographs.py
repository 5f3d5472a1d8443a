"""The photographs that a user gives, in whatever form, as batches of one size each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from optogram.errors import InputError
from optogram.images.decode import Unreadable, decode
from optogram.images.photos import Photos
from optogram.network.sample import wrong_channels

if TYPE_CHECKING:
    from optogram.network.network import Network

SLACK = 1e-3
"""How far outside 0..1 rounding may put a pixel."""


@dataclass(frozen=True, slots=True)
class Photographs:
    """`batches` holds photographs of one size together, `numbers` says which; `listed`: they came as a list. `names` of files, in the order given."""

    batches: tuple[Float[Tensor, "_ channel _ _"], ...]
    numbers: tuple[tuple[int, ...], ...]
    listed: bool
    names: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """16 hexadecimal digits over all pixels, in the order given."""
        digest = blake2b(digest_size=8)
        rows = sorted((number, batch[row]) for batch, numbers in zip(self.batches, self.numbers, strict=True) for row, number in enumerate(numbers))
        for _, photo in rows:
            digest.update(str(tuple(photo.shape)).encode())
            digest.update(np.ascontiguousarray(photo.cpu().float().numpy()).data)
        return digest.hexdigest()


def read_photographs(network: Network, images: Any) -> Photographs:
    """[batch, channel, height, width] or [channel, height, width] floats in 0..1, a picture, a file, a list of such, or `Photos`.

    Of `Photos` those that cannot be read are left out, with a `LeftOutWarning`.
    """
    if isinstance(images, Photos):
        names, photos = zip(*images.readable(network.channels), strict=True)
        return _grouped([_decoded(network, pixels) for pixels in photos], names)
    if isinstance(images, list | tuple):
        if not images:
            raise InputError("no photographs: the list is empty")
        files = [Path(image).name if isinstance(image, str | Path) else "" for image in images]
        return _grouped([_one(network, image) for image in images], tuple(files) if any(files) else ())
    if isinstance(images, Tensor | np.ndarray) and images.ndim == 4:
        batch = _checked(network, torch.as_tensor(images))
        return Photographs((batch,), (tuple(range(len(batch))),), False)
    return Photographs((_one(network, images)[None],), ((0,),), False)


def _grouped(photos: Sequence[Tensor], names: tuple[str, ...]) -> Photographs:
    sizes: dict[tuple[int, ...], list[int]] = {}
    for number, photo in enumerate(photos):
        sizes.setdefault(tuple(photo.shape), []).append(number)
    batches = tuple(torch.stack([photos[number] for number in numbers]) for numbers in sizes.values())
    return Photographs(batches, tuple(map(tuple, sizes.values())), True, names)


def _one(network: Network, image: Any) -> Tensor:
    if isinstance(image, str | Path):
        return _decoded(network, Path(image))
    if isinstance(image, Image.Image) or (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim in (2, 3)):
        return _decoded(network, image)
    if isinstance(image, Tensor | np.ndarray) and image.ndim == 3:
        return _checked(network, torch.as_tensor(image)[None])[0]
    got = f"shape {tuple(image.shape)}" if hasattr(image, "shape") else type(image).__name__
    raise InputError(
        f"a photograph is a float array [channel, height, width] in 0..1, a picture or a file; a batch has one axis more; got {got}",
    )


def _decoded(network: Network, raw: Any) -> Tensor:
    if isinstance(raw, Path) and not raw.is_file():
        folder = f"{raw} is a folder: give og.open_images({str(raw)!r}), or the files in a list"
        raise InputError(folder if raw.is_dir() else f"no photograph {raw}")
    try:
        image = decode(raw, network.channels).image
    except Unreadable as error:
        raise InputError(f"{raw if isinstance(raw, Path) else 'a photograph'} cannot be read: {error.reason}") from error
    pixels = np.array(image, dtype=np.float32) / 255.0
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(network.device, network.dtype)


def _checked(network: Network, batch: Tensor) -> Tensor:
    if not batch.is_floating_point():
        raise InputError(f"images are floats in 0..1; got {batch.dtype}: divide by 255, as in images.float() / 255")
    if 0 in batch.shape:
        raise InputError(f"no photographs: the batch has shape {tuple(batch.shape)}")
    if batch.shape[1] != network.channels:
        raise InputError(wrong_channels(network.name, network.channels, batch))
    if not bool(torch.isfinite(batch).all()):
        faulty = next(number for number, photo in enumerate(batch) if not bool(torch.isfinite(photo).all()))
        raise InputError(f"images are in 0..1; photograph {faulty} of {len(batch)} holds NaN or infinity: leave it out, or images.nan_to_num(0)")
    low, high = float(batch.min()), float(batch.max())
    if not (low >= -SLACK and high <= 1 + SLACK):
        raise InputError(f"images are in 0..1, before normalisation, which the network does itself; got {low:.3g} to {high:.3g}")
    return batch.detach().to(network.device, network.dtype)
