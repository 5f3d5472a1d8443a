"""What a unit multiplies pixels with, as one gray picture a unit: what is asked of first layers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from optogram.errors import NotDefinedError
from optogram.evidence._scene import Recorder, Scene
from optogram.evidence._view import SiteView

if TYPE_CHECKING:
    from optogram.network.network import Network

Filters = Float[np.ndarray, "unit height width"]


@dataclass(frozen=True, slots=True)
class FilterRecorder(Recorder):
    """The site's filters over pixels, normalisation folded in; `None` where it sees no pixels. Costs next to nothing."""

    def record(self, network: Network, view: SiteView, scene: Scene) -> Filters | None:
        """Each filter's best single picture, whatever its colour (the first singular vector times its value)."""
        from optogram.physiology.gabor import colour_of
        from optogram.weights.weight_images import weight_images

        try:
            weights = weight_images(network, view.site.address).values
        except NotDefinedError:
            return None
        return np.stack([colour_of(one.astype(np.float64)).picture for one in weights])


filters = FilterRecorder("filters", looks=False)
