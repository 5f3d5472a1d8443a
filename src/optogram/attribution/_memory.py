"""How many rows go through a network at a time within a given memory: measured, not guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from optogram.attribution._target import Target
from optogram.errors import SettingError
from optogram.memory import few_rows, rows_that_stay

if TYPE_CHECKING:
    from optogram.network.network import Network

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
HEADROOM = 2.0
"""Beside what the backward pass keeps, a pass holds gradients and what layers need while they compute."""
MOST = 1024


def rows_within(network: Network, target: Target, image: Tensor, max_memory: str | int, at_most: int | None = None) -> int:
    """Rows whose forward and backward pass to the target fits `max_memory`; at least one. One forward pass of one row."""
    budget = in_bytes(max_memory)
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), network.tap(*target.addresses):
        network.run(image.detach().requires_grad_())
    row = sum(kept.values()) + image.numel() * image.element_size() * 4
    fitting = max(1, int(budget / (row * HEADROOM)))
    return min(fitting, at_most or MOST)


def rows_kept(network: Network, most: int) -> int:
    """At most so many rows that the largest activation lies in memory that the process keeps (`optogram.memory`); off the processor, `most`."""
    return most if network.device.type != "cpu" else rows_that_stay(network.sites(default=False).largest_bytes, most)


def rows_at_once(network: Network, most: int) -> int:
    """At most so many rows that few passes touch little memory for the first time; off the processor, `most`."""
    return most if network.device.type != "cpu" else few_rows(network.sites(default=False).largest_bytes, most)


def in_bytes(text: str | int) -> int:
    """`"2GB"`, `"500 MB"` or a number of bytes."""
    if isinstance(text, int):
        size = text
    else:
        match = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)i?b?\s*", text.lower())
        size = round(float(match[1]) * UNITS[match[2]]) if match and match[1].count(".") < 2 else 0
    if size < 1:
        raise SettingError(f'max_memory is a size such as "2GB" or a number of bytes; got "{text}"')
    return size
