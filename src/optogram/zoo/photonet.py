"""The demo network: trained on halves of seventeen photographs that came with scikit-image and scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network

WEIGHTS = Path(__file__).parent / "weights" / "photonet.safetensors"
"""Written by `scripts/train_photonet.py`; how often it is right on the held-out halves stands beside it in `photonet.json`."""


def photonet() -> Network:
    """Four convolutions, 288 units and two heads, for crops of 64x64: which photograph, and which way up.

    `head_photo:china` and `head_up:left` are classes (also `output/photo:china`, `output/up:left`). The crops to look at it with
    are `_photographs.held_out_crops()`.
    """
    from safetensors.torch import load_file

    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network
    from optogram.zoo._photographs import NAMES, SIZE
    from optogram.zoo._photonet_module import MEAN, STD, TURNS, PhotonetModule

    module = PhotonetModule(len(NAMES))
    counters = {name: tensor for name, tensor in module.state_dict().items() if name.endswith("num_batches_tracked")}
    module.load_state_dict(counters | load_file(WEIGHTS))
    labels = {"head_photo": NAMES, "head_up": TURNS, "output/photo": NAMES, "output/up": TURNS}
    return Network(module.eval(), Preprocess(size=SIZE, mean=MEAN, std=STD), labels, name="photonet")
