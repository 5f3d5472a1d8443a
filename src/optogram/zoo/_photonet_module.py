"""The demo network as plain PyTorch: four convolutions and two heads."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

TURNS = ("upright", "left", "upside_down", "right")
"""The second head's classes: the crop turned by 0, 1, 2 and 3 quarter turns counterclockwise, as `torch.rot90` turns."""

MEAN, STD = 0.45, 0.25
"""Of the pixels, over all crops, roughly; one number serves every channel, so that gray stays gray."""


class PhotonetModule(nn.Module):
    """32 filters of 11x11 at stride 2, then 64 of 5x5, 96 of 3x3 and 96 of 3x3, each with batch norm and ReLU.

    No convolution is padded, so that every unit sees nothing but photograph, in windows of 11, 31, 39 and 47 pixels.
    After global average pooling one head names the photograph that a 64x64 crop comes from, the other says which way up
    it is. About 200,000 parameters.
    """

    def __init__(self, photographs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 11, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, stride=2)
        self.conv2 = nn.Conv2d(32, 64, 5, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(64, 96, 3, bias=False)
        self.bn3 = nn.BatchNorm2d(96)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(96, 96, 3, bias=False)
        self.bn4 = nn.BatchNorm2d(96)
        self.relu4 = nn.ReLU()
        self.head_photo = nn.Linear(96, photographs)
        self.head_up = nn.Linear(96, len(TURNS))

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> dict[str, Float[Tensor, "batch label"]]:
        """Logits of both heads, by name; `images` are normalised."""
        features = self.pool1(self.relu1(self.bn1(self.conv1(images))))
        features = self.relu2(self.bn2(self.conv2(features)))
        features = self.relu3(self.bn3(self.conv3(features)))
        features = self.relu4(self.bn4(self.conv4(features)))
        pooled = features.mean(dim=(2, 3))
        return {"photo": self.head_photo(pooled), "up": self.head_up(pooled)}


def turned(images: Float[Tensor, "batch 3 side side"], turns: Int64[Tensor, " batch"]) -> Float[Tensor, "batch 3 side side"]:
    """Each image of a batch turned by its number of quarter turns, counterclockwise."""
    result = images.clone()
    for turn in (1, 2, 3):
        chosen = turns == turn
        result[chosen] = torch.rot90(images[chosen], turn, dims=(2, 3))
    return result


def normalised(images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
    """Images in 0..1 as the network eats them; the same numbers as its `Preprocess`."""
    return (images - MEAN) / STD
