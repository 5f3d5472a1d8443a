"""All paths from a unit to what it is made of: the gradient with every weight's magnitude, over the units that are on."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.attribution._carried import Carrier, carried
from optogram.attribution._question import Answer, Question
from optogram.attribution._rules import Anything, Passing
from optogram.attribution.positive_paths import opened

PIXELS = (0.8, 0.4)
"""What the hand network is shown: x1 and x2."""


def all_paths(question: Question) -> Answer:
    """Sum over paths of the product of |W|, where every rectifier on the path is on: what the gradient would be if no path cancelled another.

    An attribution method for `og.attribute(..., method=all_paths)`. One forward and one backward pass; batch norms are folded first.
    """
    parts = [
        carried(question, rows, Carrier(lambda affine: magnitude, opened, norm=magnitude), "photo", "gradient")
        for rows in question.batches(question.photographs)
    ]
    places = tuple(torch.cat(term) for term in zip(*(part.places for part in parts), strict=True))
    return Answer(torch.cat([part.c for part in parts]), torch.cat([part.responses for part in parts]), places, signed=False)


def magnitude(passing: Passing) -> Anything:
    """The gradient through |W|."""
    return passing.affine.backward(passing.c, passing.x, passing.affine.weight.abs())


class Larger(nn.Module):
    """The hand network of the lectures: of two pixels x1 and x2 the greater and the lesser, by rectifiers alone.

    h1 = [x1]+, h2 = [x2]+, d = [h1 - h2]+, e = [h2]+; output 0 is max = d + e, output 1 is min = h1 - d.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 2, bias=False)
        self.middle = nn.Linear(2, 3, bias=False)
        self.last = nn.Linear(3, 2, bias=False)
        for layer, rows in ((self.hidden, [[1, 0], [0, 1]]), (self.middle, [[1, -1], [0, 1], [1, 0]]), (self.last, [[1, 1, 0], [-1, 0, 1]])):
            layer.weight.data = torch.tensor(rows, dtype=torch.float32)

    def forward(self, images: Float[Tensor, "batch channel row column"]) -> Float[Tensor, "batch 2"]:
        """max and min of the two pixels (the mean of their channels)."""
        h = torch.relu(self.hidden(images.mean(dim=1).flatten(1)))
        answers: Tensor = self.last(torch.relu(self.middle(h)))
        return answers


def written_out(x1: float, x2: float) -> dict[str, dict[str, tuple[float, float]]]:
    """Every derivative of the hand network by x1 and x2, written out for positive pixels: by output and by rule.

    max: dd/dh1 = [h1 > h2], dd/dh2 = -[h1 > h2], de/dh2 = 1; so dmax/dx1 = [x1 > x2] and dmax/dx2 = 1 - [x1 > x2].
    min: dmin/dx1 = 1 - [x1 > x2], dmin/dx2 = [x1 > x2], the product of two weights of -1.
    Guided: what comes back to a rectifier must be positive, at d, at h1 and at h2. Positive paths: every weight must be.
    """
    on = 1.0 if x1 > x2 else 0.0
    return {
        "max": {
            "gradient": (on, 1 - on),
            "guided_backprop": (on, max(1 - on, 0.0)),
            "positive_paths": (on, 1.0),
            "all_paths": (on, 1 + on),
        },
        "min": {
            "gradient": (1 - on, on),
            "guided_backprop": (1.0, 0.0),
            "positive_paths": (1.0, 0.0),
            "all_paths": (1 + on, on),
        },
    }


def derivatives(x1: float, x2: float) -> dict[str, tuple[float, float]]:
    """Every derivative of h3 = max(h1, h2) on the way down, each as by the gradient and by guided backprop, for positive pixels.

    h3 = d + e, d = [h1 - h2]+, e = [h2]+. With o = [h1 > h2]: dh3/dd = dh3/de = 1; dh3/dh1 = o by way of d; dh3/dh2 = 1 by way of e and -o by
    way of d, so 1 - o; and h1, h2 are x1, x2. What reaches h1 and h2 is never negative here, so that guided backprop has nothing to take away.
    """
    on = 1.0 if x1 > x2 else 0.0
    return {
        "dh3/dd": (1.0, 1.0),
        "dh3/de": (1.0, 1.0),
        "dh3/dh1": (on, on),
        "dh3/dh2": (1 - on, 1 - on),
        "dh3/dx1": (on, on),
        "dh3/dx2": (1 - on, 1 - on),
    }
