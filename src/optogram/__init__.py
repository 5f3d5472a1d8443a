"""optogram: a microscope for vision networks.

`import optogram as og` costs next to nothing: each public name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optogram import errors as errors
    from optogram.atlas.build import build_atlas as build_atlas
    from optogram.atlas.open import Atlas as Atlas
    from optogram.atlas.open import open_atlas as open_atlas
    from optogram.attribution._attribute import attribute as attribute
    from optogram.attribution._concepts import Concepts as Concepts
    from optogram.attribution._concepts import concepts as concepts
    from optogram.attribution._result import Attribution as Attribution
    from optogram.attribution._tcav import ConceptTest as ConceptTest
    from optogram.attribution._tcav import tcav as tcav
    from optogram.evidence._judge import judge as judge
    from optogram.evidence._result import Evidence as Evidence
    from optogram.exemplars.result import Sweep as Sweep
    from optogram.exemplars.sweep import sweep as sweep
    from optogram.geometry import Box as Box
    from optogram.images.open_images import open_images as open_images
    from optogram.images.photos import Photos as Photos
    from optogram.images.preprocess import Preprocess as Preprocess
    from optogram.metrics._rank import Ranking as Ranking
    from optogram.metrics._rank import rank as rank
    from optogram.metrics._sanity import Sanity as Sanity
    from optogram.metrics._sanity import sanity as sanity
    from optogram.metrics._score import Score as Score
    from optogram.metrics._score import score as score
    from optogram.network.load import load as load
    from optogram.network.network import Network as Network
    from optogram.synthesis.result import Synthesis as Synthesis
    from optogram.synthesis.synthesize import synthesize as synthesize
    from optogram.weights.weight_images import WeightImages as WeightImages
    from optogram.weights.weight_images import weight_images as weight_images

__version__ = "0.1.0"

_HOMES = {
    "Atlas": "optogram.atlas.open",
    "Attribution": "optogram.attribution._result",
    "Box": "optogram.geometry",
    "ConceptTest": "optogram.attribution._tcav",
    "Concepts": "optogram.attribution._concepts",
    "Evidence": "optogram.evidence._result",
    "Network": "optogram.network.network",
    "Photos": "optogram.images.photos",
    "Preprocess": "optogram.images.preprocess",
    "Ranking": "optogram.metrics._rank",
    "Sanity": "optogram.metrics._sanity",
    "Score": "optogram.metrics._score",
    "Sweep": "optogram.exemplars.result",
    "Synthesis": "optogram.synthesis.result",
    "WeightImages": "optogram.weights.weight_images",
    "attribute": "optogram.attribution._attribute",
    "build_atlas": "optogram.atlas.build",
    "concepts": "optogram.attribution._concepts",
    "errors": "optogram",
    "judge": "optogram.evidence._judge",
    "load": "optogram.network.load",
    "open_atlas": "optogram.atlas.open",
    "open_images": "optogram.images.open_images",
    "rank": "optogram.metrics._rank",
    "sanity": "optogram.metrics._sanity",
    "score": "optogram.metrics._score",
    "sweep": "optogram.exemplars.sweep",
    "synthesize": "optogram.synthesis.synthesize",
    "tcav": "optogram.attribution._tcav",
    "weight_images": "optogram.weights.weight_images",
}
"""The module in which each public name is defined; a submodule's is the package itself."""

__all__ = [
    "Atlas",
    "Attribution",
    "Box",
    "ConceptTest",
    "Concepts",
    "Evidence",
    "Network",
    "Photos",
    "Preprocess",
    "Ranking",
    "Sanity",
    "Score",
    "Sweep",
    "Synthesis",
    "WeightImages",
    "attribute",
    "build_atlas",
    "concepts",
    "errors",
    "judge",
    "load",
    "open_atlas",
    "open_images",
    "rank",
    "sanity",
    "score",
    "sweep",
    "synthesize",
    "tcav",
    "weight_images",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'optogram' has no attribute {name!r}")
    home = _HOMES[name]
    value = import_module(f"{home}.{name}") if home == __name__ else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
