"""Who looks at the patches: the bank, or any other network; never the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8

from optogram.errors import SettingError
from optogram.evidence._bank import Bank

if TYPE_CHECKING:
    from optogram.network.network import Network


@runtime_checkable
class Viewer(Protocol):
    """Turns square patches into features. `side` is the size of patch that it wants."""

    @property
    def name(self) -> str:
        """How verdicts name it."""

    @property
    def side(self) -> int:
        """Side of the patches that it wants, in pixels."""

    def features(self, patches: UInt8[np.ndarray, "patch height width channel"]) -> Float[np.ndarray, "patch feature"]:
        """One row a patch."""


class NetworkViewer:
    """A network as a viewer: its activations at a middle site, pooled to 3 x 3."""

    def __init__(self, network: Network, site: str | None = None, side: int = 96) -> None:
        self.network = network.worker(channels_last=True)
        spatial = [one for one in network.sites() if one.layout == "spatial" and min(one.grid) > 1]
        if site is None and not spatial:
            raise SettingError(f"{network.name} has no site with places to see by; name one: NetworkViewer(network, site=...)")
        self.site = self.network.site(site or spatial[int(0.6 * (len(spatial) - 1))].address)
        self.side = side
        self.name = f"{network.name} at {self.site.address}"

    def features(self, patches: UInt8[np.ndarray, "patch height width channel"]) -> Float[np.ndarray, "patch feature"]:
        """Pooled activations; batches of 64."""
        rows = []
        with torch.no_grad():
            for start in range(0, len(patches), 64):
                images = torch.from_numpy(patches[start : start + 64]).permute(0, 3, 1, 2).float() / 255
                images = images.expand(-1, self.network.channels, -1, -1) if images.shape[1] == 1 else images
                images = images.mean(dim=1, keepdim=True) if self.network.channels == 1 else images
                maps = self.network.read(self.site, images)
                rows.append(torch.nn.functional.adaptive_avg_pool2d(maps, 3).flatten(1).cpu().numpy())
        return np.concatenate(rows)


def as_viewer(viewer: str | Viewer | Network, network: Network) -> Viewer:
    """The viewer meant; the network itself is refused, as its own features predict its units in twins just as well."""
    from optogram.network.network import Network

    if viewer == "bank":
        return Bank()
    if isinstance(viewer, str) or not isinstance(viewer, (Network, Viewer)):
        raise SettingError(f'viewer is "bank", a network (og.load(...)), or an object with name, side and features; got {viewer!r}')
    seeing = viewer.network if isinstance(viewer, NetworkViewer) else viewer
    if isinstance(seeing, Network) and seeing.weights_hash == network.weights_hash:
        reason = "similarity in its own features predicts as well in untrained twins"
        raise SettingError(f'{network.name} cannot be its own viewer: {reason}. Use viewer="bank"')
    return NetworkViewer(viewer) if isinstance(viewer, Network) else viewer
