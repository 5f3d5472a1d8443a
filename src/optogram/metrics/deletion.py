"""Deletion: how fast the response falls when pixels are taken away, those that the map calls most important first.

Petsiuk, Das & Saenko 2018, "RISE". steps + 1 forward passes a photograph. Removal makes images that no camera takes, and favours
blurry maps: compare at equal blur.
"""

from __future__ import annotations

from typing import Literal

from optogram.attribution._baseline import Baseline
from optogram.metrics._removal import removal
from optogram.metrics._trial import Marks, Trial


def deletion(
    trial: Trial,
    *,
    baseline: Baseline = "mean",
    steps: int = 50,
    by: Literal["signed", "absolute"] = "signed",
    scale: Literal["response", "probability"] = "response",
) -> Marks:
    """Area under the response over the share of pixels removed; lower is better. 1 for the photograph, 0 for the baseline.

    Pixels are replaced by `baseline` (default: the photograph's mean colour). `scale="probability"` takes the softmax as it is, as in the paper.
    """
    return removal(trial, baseline, steps, by, scale, insert=False)
