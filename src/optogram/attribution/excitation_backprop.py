"""Excitation backprop: how likely each pixel wins, when every neuron passes its win down to what excites it.

Zhang et al. 2016, "Top-down neural attention by excitation backprop". It is LRP with alpha 1, beta 0 and no biases, shared out
over 1 instead of the response. One forward and one backward pass, weighted layers twice.
"""

from __future__ import annotations

import torch

from optogram.attribution._question import Answer, Question
from optogram.attribution._relevance import Rules, relevances
from optogram.attribution._rules import zplus


def excitation_backprop(question: Question) -> Answer:
    """P(i) = sum over j of a_i w+_ij / (sum over i' of a_i' w+_i'j) P(j), from 1 at the target.

    Sums to 1 where every neuron has an input that excites it and nothing constant is added outside layers. Inputs below zero
    (pixels darker than the mean colour) excite by negative weights. For a contrast, wins of the first unit less wins of the
    second, shared out over the difference. `NotDefinedError` where an operation has no rule.
    """
    found = relevances(question, Rules(zplus, zplus, biases=False, epsilon=1e-9))
    responses = found.responses.view(-1, *[1] * (found.values.ndim - 1))
    values = torch.where(responses == 0, 0.0, found.values / torch.where(responses == 0, 1.0, responses))
    return Answer(values, found.responses, found.places, signed=question.target.mixed)
