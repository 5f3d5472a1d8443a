"""Coverage against accuracy, and the reliability diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import Axis
from optogram.drawing.paper import Paper
from optogram.drawing.plots import curves
from optogram.drawing.text import wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE
from optogram.orient.measures import by_confidence, calibration_error, rightly
from optogram.orient.measures import reliability as bins_of
from optogram.statistics.intervals import clopper_pearson

if TYPE_CHECKING:
    from optogram.orient.examination import Examination

_SIDE = 280.0


def coverage(found: Examination) -> Image.Image:
    """Accuracy on the most confident share of photographs, for every share from a tenth on."""
    shares = np.linspace(0.1, 1, 46)
    lines = {}
    for name, logits in (("plain", found.logits), ("re-encoded", found.encoded), ("blurred", found.blurred)):
        right = rightly(logits)[by_confidence(logits)]
        kept = [max(1, round(float(share) * len(right))) for share in shares]
        lines[name] = ((100 * shares).tolist(), [100 * float(right[:count].mean()) for count in kept])
    title = f"Answers for {len(found.names)} photographs not trained on"
    return curves(lines, across="answered: the most confident % of photographs", up="answered rightly, %", title=title, include=(25.0, 100.0))


def reliability(found: Examination) -> Image.Image:
    """Accuracy (up) by confidence (across) in bins of equal numbers, each with its 95 % interval; on the diagonal confidence is true."""
    bins = bins_of(found.logits)
    left, top = SPACES[3] + 36, SPACES[3] + TITLE * 1.6 + AXIS * 1.6
    across, up = Axis(0.25, 1.0, left, left + _SIDE), Axis(0.0, 1.0, top + _SIDE, top)
    note = f"Each dot: {bins.count[0]} photographs; bars: 95 % intervals. On the line, confidence is true; it is off by "
    lines = wrap(note + f"{100 * calibration_error(found.logits):.1f} points on average.", CAPTION, _SIDE + 36)
    paper = Paper(left + _SIDE + SPACES[3], top + _SIDE + AXIS * 4 + len(lines) * CAPTION * 1.35 + SPACES[3])
    paper.text(SPACES[3], SPACES[3], "Is the confidence true?", TITLE)
    paper.text(SPACES[3], top - AXIS * 1.7, "answered rightly", AXIS, LIGHT.ink_2)
    paper.box(left, top, left + _SIDE, top + _SIDE, fill=LIGHT.surface)
    paper.line([(across.place(0.25), up.place(0.25)), (across.place(1), up.place(1))], 1, LIGHT.missing, (4, 3))
    for sure, right, count in zip(bins.confidence, bins.right, bins.count, strict=True):
        interval = clopper_pearson(int(right), int(count))
        x = across.place(float(sure))
        paper.box(x - 1, up.place(float(interval.high)), x + 1, up.place(float(interval.low)), fill=LIGHT.low)
        paper.dot(x, up.place(float(interval.estimate)), 4, fill=LIGHT.low)
    for tick in (0.25, 0.5, 0.75, 1.0):
        paper.text(across.place(tick), top + _SIDE + 6, f"{tick:g}", AXIS, LIGHT.ink_2, "ma")
        paper.text(left - 6, up.place(tick), f"{tick:g}", AXIS, LIGHT.ink_2, "rm")
    paper.text(left + _SIDE, top + _SIDE + AXIS * 1.9, "confidence", AXIS, LIGHT.ink_2, "ra")
    for number, line in enumerate(lines):
        paper.text(SPACES[3], top + _SIDE + AXIS * 4 + number * CAPTION * 1.35, line, CAPTION, LIGHT.ink_2)
    return paper.image
