"""Attention relevance written out, in the three ways that attention is written; it depends on the unit; what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.test_attention_rollout import IMAGES, WAYS, over_photographs
from tests.attribution.transformers import by_hand, transformer

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.testing.attribution import photographs, small
from optogram.testing.unchanged import unchanged


@pytest.mark.parametrize("cls", [True, False])
@pytest.mark.parametrize("how", WAYS)
def test_written_out(how: str, cls: bool) -> None:
    net = transformer(how, cls)
    for unit in (0, 2):
        relevance = torch.eye(24 + cls).expand(3, -1, -1).clone()
        for attention, gradient in zip(*by_hand(net, IMAGES, unit), strict=True):
            positive = torch.relu(attention * gradient).mean(1)
            relevance = relevance + torch.bmm(positive, relevance)
        tokens = relevance[:, 0, 1:] if cls else (relevance - torch.eye(24)).mean(1)
        expected = over_photographs(tokens)
        found = attribute(net, IMAGES, f"head:{unit}", "attention_relevance", progress=False).values[:, :1]
        assert np.abs(found - expected).max() < 1e-4 * expected.max()


def test_depends_on_the_unit() -> None:
    one, other = (attribute(transformer(), IMAGES, f"head:{unit}", "attention_relevance").values for unit in (0, 2))
    assert np.abs(one - other).max() > 0.1 * one.max()


def test_alone_in_a_batch_and_without_a_trace() -> None:
    net = transformer("module")
    with unchanged(net.module):
        together = attribute(net, IMAGES, "head:1", "attention_relevance").values
    assert np.abs(attribute(net, IMAGES[1], "head:1", "attention_relevance").values[0] - together[1]).max() < 1e-4 * together[1].max()


def test_refused_without_attention() -> None:
    with pytest.raises(NotDefinedError, match="attention_relevance needs attention between tokens"):
        attribute(small(), photographs(), "head:1", "attention_relevance")
