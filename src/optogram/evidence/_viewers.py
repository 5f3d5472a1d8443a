"""Who looks at the patches: the bank, or any other network; never the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from optogram.errors import SettingError
from optogram.evidence._bank import Bank

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.site import Site


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


SIDE = 96
"""Pixels of the patches that a network sees, where it takes images of that size."""


class NetworkViewer:
    """A network as a viewer: its activations at a middle site, pooled to 3 x 3; of a transformer the tokens of patches, where they lie.

    Patches have `side` pixels: 96, or as many as the network's own images where it takes only those. Raises `SettingError` for a network without a
    site that has places, and for one that takes only images that are no squares.
    """

    def __init__(self, network: Network, site: str | None = None, side: int | None = None) -> None:
        self.network = network.worker(channels_last=True)
        known = [one for one in (network.sites() if site is None else [self.network.site(site)]) if min(_lying(one), default=0) > 1]
        if not known:
            raise SettingError(f"{site or network.name} has no site with places to see by; name one: NetworkViewer(network, site=...)")
        self.site = self.network.site(known[int(0.6 * (len(known) - 1))].address)
        self.side = side or self._side()
        self.name = f"{network.name} at {self.site.address}"

    def features(self, patches: UInt8[np.ndarray, "patch height width channel"]) -> Float[np.ndarray, "patch feature"]:
        """Pooled activations; batches of 64."""
        rows = []
        with torch.no_grad():
            for start in range(0, len(patches), 64):
                images = torch.from_numpy(patches[start : start + 64]).permute(0, 3, 1, 2).float() / 255
                images = images.expand(-1, self.network.channels, -1, -1) if images.shape[1] == 1 else images
                images = images.mean(dim=1, keepdim=True) if self.network.channels == 1 else images
                rows.append(torch.nn.functional.adaptive_avg_pool2d(self._maps(images), 3).flatten(1).cpu().numpy())
        return np.concatenate(rows)

    def _maps(self, images: Tensor) -> Float[Tensor, "patch unit row column"]:
        """Activations where they lie; the class token and its like lie nowhere."""
        raw = self.network.read(self.site, images)
        grid, places = self.site.grid_of(raw), self.site.places(raw).float()
        if self.site.patch_grid is not None:
            grid, places = self.site.patch_grid, places[:, :, len(self.site.prefix) :]
        return places.reshape(*places.shape[:2], *grid)

    def _side(self) -> int:
        rows, columns = self.network.input_size
        if self.site.layout == "spatial" and self._takes(SIDE):
            return SIDE
        if rows != columns:
            raise SettingError(f"{self.network.name} takes images of {rows}x{columns} only; patches are squares. See by another network.")
        return rows

    def _takes(self, side: int) -> bool:
        """Whether it runs on images of that size."""
        try:
            with torch.no_grad():
                self._maps(torch.full((1, self.network.channels, side, side), 0.5, device=self.network.device))
        except Exception:  # whatever a user's forward raises
            return False
        return True


def _lying(site: Site) -> tuple[int, ...]:
    """Rows and columns of a site's places, or of a transformer's patches; none where they don't lie in the plane."""
    return site.patch_grid or (site.grid if len(site.grid) == 2 else ())


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
