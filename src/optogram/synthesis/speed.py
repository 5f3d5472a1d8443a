"""Which number type and how many pictures at once: what the machine does fastest, within its memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from optogram.network.network import Network
from optogram.synthesis.ascend import read
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.stage import Stage

MOST_ROWS, USUAL_ROWS = 32, 16
ROOMY = 1 << 30
"""Bytes of activations that a step may keep where nobody said how many pictures climb at once."""


def fastest_type(device: torch.device) -> torch.dtype:
    """bfloat16 where the machine multiplies it in hardware, else float32; the canvas itself is always float32.

    A processor without such instructions emulates them: measured 9 to 15 times slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu":
        known = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return torch.bfloat16 if any(getattr(torch.cpu, name, bool)() for name in known) else torch.float32
    return torch.float32


def fitting_batch(net: Network, objectives: Sequence[Objective], stage: Stage, batch_size: int | None, max_memory: float | int | None) -> int:
    """The number of pictures at once: `batch_size`, or what keeps a step's stored activations under `max_memory` bytes.

    Where no number is asked for, 32 (a step of ResNet18 then costs a picture up to a twelfth less than with 16), 16 where so many would not be
    `ROOMY`.
    """
    rows = min(batch_size or MOST_ROWS, len(objectives))
    if (max_memory is None and (batch_size or rows <= USUAL_ROWS)) or rows == 1:
        return rows
    room, least = (ROOMY, USUAL_ROWS) if max_memory is None else (max_memory, 1)
    return max(least, min(rows, int(room // max(1, bytes_a_row(net, objectives[0], stage)))))


def bytes_a_row(net: Network, objective: Objective, stage: Stage) -> int:
    """What one picture's forward pass keeps for its backward pass, measured, with its canvas and the optimiser's state."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    weights = {tensor.untyped_storage().data_ptr() for tensor in net.module.parameters()}
    image = torch.full((1, net.channels, *stage.view), 0.5, device=net.device, requires_grad=True)
    reads = [read(net, term).address for _, term in objective.terms]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), net.tap(*reads):
        net.run(image, "input")
    canvas = 8 * 4 * net.channels * stage.canvas[0] * stage.canvas[1]
    return canvas + sum(size for storage, size in kept.items() if storage not in weights)
