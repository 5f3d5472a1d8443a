"""Which photograph of a batch a network does not run on, and what to do about it."""

from __future__ import annotations

import torch
from torch import Tensor

from optogram.errors import InputError, explained
from optogram.images.batches import Batch
from optogram.images.photos import Photos
from optogram.network.network import Network


def refused(network: Network, photos: Photos, batch: Batch, error: Exception) -> InputError:
    """The error of a forward with the name of the first photograph of the batch that alone raises it; of the batch where none does."""
    culprit = next((index for index, image in zip(batch.indices, batch.images, strict=True) if not _runs(network, image[None])), None)
    rows, columns = batch.images.shape[2:]
    named = f"{len(batch.indices)} photographs at once" if culprit is None else f"{photos.identity(culprit)} ({rows}x{columns} pixels)"
    alike = "give photographs one size with og.Preprocess(size=...), or --preprocess size=..." if network.preprocess.output_size is None else ""
    instead = alike or "mend the forward, or leave the photograph out"
    return InputError(f"{explained(error)}. This was on {named}: {instead}")


def _runs(network: Network, image: Tensor) -> bool:
    try:
        with torch.no_grad():
            network.run(image.to(network.device).div(255), frame="input")
    except Exception:  # whatever the forward raises
        return False
    return True
