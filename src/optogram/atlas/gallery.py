"""Some photographs shown whole, each with its predictions and attribution maps by several methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from optogram.atlas.folder import Folder
from optogram.atlas.frames import Frames
from optogram.atlas.schema import DrawnMap, Photograph
from optogram.atlas.sprites import webp
from optogram.errors import OptogramError
from optogram.images.folds import panel
from optogram.progress import Progress, track

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network
    from optogram.network.site import Site

PREDICTIONS = 5


def gallery(
    folder: Folder, directory: str, network: Network, photos: Photos, frames: Frames, count: int, methods: tuple[str, ...], progress: Progress
) -> list[Photograph]:
    """`count` photographs (the panel's first by rank, so chosen by nobody) with a map by each method for the class predicted."""
    heads = [site for site in network.sites() if site.kind == "head" and site.layout == "vector"]
    if not heads or count == 0:
        return []
    shown: list[Photograph] = []
    chosen = panel(photos, count)
    with track("attribution", len(chosen) * len(methods), progress) as advance:
        for index in chosen:
            try:
                frame = frames[photos.identity(index)]
            except OptogramError:
                continue
            if (found := _photograph(folder, directory, network, heads[0], photos.identity(index), frame, methods)) is not None:
                shown.append(found)
            advance(len(methods))
    return shown


def _photograph(
    folder: Folder, directory: str, network: Network, head: Site, identity: str, frame: np.ndarray, methods: tuple[str, ...]
) -> Photograph | None:
    """One photograph; `None` where the network is not finite on it."""
    from PIL import Image

    image = torch.from_numpy(frame.transpose(2, 0, 1).astype(np.float32) / 255)[None]
    with torch.no_grad():
        responses = head.places(network.read(head, image))[0, :, 0]
    if not responses.isfinite().all():
        return None
    best = [int(unit) for unit in responses.argsort(descending=True)[:PREDICTIONS]]
    number = f"{abs(hash_number(identity)):016x}"
    picture = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame)
    return Photograph(
        identity=identity,
        file=folder.put(directory, f"photo-{number}", "webp", webp(picture.convert("RGB"), quality=85)),
        predictions=[(head.labels[unit] if head.labels else str(unit), float(responses[unit])) for unit in best],
        maps=[found for method in methods if (found := _map(folder, directory, network, f"{head.address}:{best[0]}", image, method, number))],
    )


def _map(folder: Folder, directory: str, network: Network, target: str, image: Tensor, method: str, number: str) -> DrawnMap | None:
    """One map in the input frame; a method that this network has no use for is left out (its refusal is the method's own)."""
    from PIL import Image

    from optogram.attribution._attribute import attribute
    from optogram.drawing.colour import signed

    still = network.worker()
    still.preprocess = network.preprocess.__class__(mean=network.preprocess.mean, std=network.preprocess.std)
    try:
        found = attribute(still, image, target, method, progress=False)
    except OptogramError:
        return None
    values = np.asarray(found.values)[0].sum(axis=0)
    limit = float(np.quantile(np.abs(values), 0.995))
    picture = Image.fromarray(signed(values, limit=limit or 1.0))
    return DrawnMap(
        method=method,
        target=target,
        response=float(np.asarray(found.responses).reshape(-1)[0]),
        limit=limit,
        note="zero everywhere: nothing to show" if not np.abs(values).max() else "",
        file=folder.put(directory, f"map-{method}-{number}", "webp", webp(picture, quality=90)),
    )


def hash_number(identity: str) -> int:
    """A number for a file's name: identities hold characters that file systems do not."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "little")
