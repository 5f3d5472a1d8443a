"""How far two passes of the same numbers may differ by rounding alone, and how falls smaller than a type's rounding are measured."""

from __future__ import annotations

from dataclasses import replace

import torch

from optogram.attribution._question import Question

DIGITS = 16
"""Epsilons, in single precision and finer."""


def rounding_of(dtype: torch.dtype) -> float:
    """As a share of the response."""
    return DIGITS * torch.finfo(dtype).eps


def in_single(question: Question) -> Question:
    """The same question, asked of a copy of the network in single precision where its own type has 16 bits.

    One part of a photograph is often worth less than the .8 % that bfloat16 rounds a response to: its fall would be 0, or a step of the
    rounding. A row takes twice the memory, so half as many go through at a time.
    """
    if question.network.dtype.itemsize > 2:
        return question
    network = question.network.worker(dtype=torch.float32)
    rows, most = (None if count is None else max(1, count // 2) for count in (question.batch_size, question.most))
    return replace(question, network=network, copy=None, images=question.images.float(), batch_size=rows or 1, most=most)
