"""A trained network on real photographs, small enough for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import optogram as og

SIDE = 96


def squeezenet(shared_data: Callable[..., Path], count: int, every: int = 250) -> tuple[og.Network, Tensor]:
    """SqueezeNet as published with deep compression, and photographs [photo, 3, 96, 96] in 0..1."""
    weights = shared_data("weights", "squeezenet1_0_deepcompression.safetensors")
    folder = shared_data("photos", "imagenet-sample")
    loaded = og.load("torchvision:squeezenet1_0", weights=str(weights))
    net = og.Network(loaded.module, og.Preprocess(size=SIDE, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)))
    files = sorted(folder.glob("*.*"))[::every][:count]
    photos = [torch.from_numpy(np.array(Image.open(file).convert("RGB").resize((SIDE, SIDE)))).permute(2, 0, 1).float() / 255 for file in files]
    return net, torch.stack(photos)
