"""Insertion: how fast the response rises when pixels are put back, those that the map calls most important first.

Petsiuk, Das & Saenko 2018, "RISE". steps + 1 forward passes a photograph.
"""

from __future__ import annotations

from typing import Literal

from optogram.attribution._baseline import Baseline
from optogram.metrics._removal import removal
from optogram.metrics._trial import Marks, Trial


def insertion(
    trial: Trial,
    *,
    baseline: Baseline = "blur",
    steps: int = 50,
    by: Literal["signed", "absolute"] = "signed",
    scale: Literal["response", "probability"] = "response",
) -> Marks:
    """Area under the response over the share of pixels put back into `baseline` (default: the blurred photograph); higher is better.

    0 for the baseline, 1 for the photograph. `scale="probability"` takes the softmax as it is, as in the paper.
    """
    return removal(trial, baseline, steps, by, scale, insert=True)
