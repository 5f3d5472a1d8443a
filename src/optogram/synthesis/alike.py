"""How alike pictures are by what they do to the units of a site: position and phase do not count."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from optogram.network.network import Network


def agreed(
    net: Network, address: str, images: Float[np.ndarray, "seed unit channel height width"]
) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
    """For each unit the mean correlation of its pictures among seeds, and of its pictures with other units' of other seeds (the control).

    A picture's profile is the mean over places of every unit of the site, standardised over all these pictures. NaN for a single unit, which has
    nothing to be compared with.
    """
    seeds, units = images.shape[:2]
    if units < 2 or seeds < 2:
        return np.full(units, np.nan), np.full(units, np.nan)
    profiles = _profiles(net, address, images.reshape(-1, *images.shape[2:])).reshape(seeds, units, -1)
    spread = profiles.std((0, 1))
    flat = ((profiles - profiles.mean((0, 1))) / np.where(spread > 0, spread, 1)).reshape(seeds * units, -1)
    alike = np.corrcoef(flat).reshape(seeds, units, seeds, units)
    pairs = alike.transpose(1, 3, 0, 2)[:, :, ~np.eye(seeds, dtype=bool)].mean(-1)
    same = np.diag(pairs)
    return same, (pairs.sum(1) - same) / (units - 1)


@torch.no_grad()
def _profiles(net: Network, address: str, images: Float[np.ndarray, "picture channel height width"]) -> Float[np.ndarray, "picture unit"]:
    site = net.site(address)
    parts = [net.read(site, torch.from_numpy(part).to(net.device)) for part in np.array_split(images, range(16, len(images), 16))]
    means = [site.places(part)[:, :, len(site.prefix) :].float().mean(2) for part in parts]
    return torch.cat(means).cpu().numpy()
