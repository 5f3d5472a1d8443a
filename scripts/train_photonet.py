"""Trains the demo network and writes its weights: `python scripts/train_photonet.py`.

Two tasks on crops from the left halves of seventeen photographs: which photograph is it, and which way up. The crops'
scale, brightness and contrast vary and some are gray, so that neither a mean colour nor a size tells the photographs
apart; half of them are mirrored. Quarter turns are the second task's labels, and the first task sees them all. SGD with
Nesterov momentum, the learning rate once up and down, weight decay. What is written beside the weights is measured on
the right halves.

A step takes about .1 s on one idle core and .07 s on two: eight or six minutes in all.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from optogram.zoo._photographs import NAMES, draw_crops
from optogram.zoo._photonet_module import TURNS, PhotonetModule, normalised, turned
from optogram.zoo._scores import score

WEIGHTS = Path(__file__).parent.parent / "src/optogram/zoo/weights"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number of the training; the defaults made the committed weights."""

    steps: int = 5000
    batch: int = 64
    pool: int = 1200 * len(NAMES)
    """Crops drawn beforehand, which batches are taken from."""
    rate: float = 0.15
    momentum: float = 0.9
    decay: float = 5e-4
    brightness: float = 0.3
    contrast: float = 0.3
    gray: float = 0.15
    """Share of crops without colour."""
    mirrored: float = 0.5
    """Share of crops with left and right exchanged: the left half of a flower teaches what its right half looks like."""
    start: float = 0.1
    """First filters, as a share of PyTorch's: batch norm makes them as loud again, and their noise is soon outgrown."""
    threads: int = 1
    """Of the processor; another number adds up in another order, and so gives another network, about as good."""
    seed: int = 0


def jittered(images: torch.Tensor, recipe: Recipe, random: torch.Generator) -> torch.Tensor:
    """Brightness and contrast scaled by up to the recipe's shares, some crops made gray and some mirrored; stays in 0..1."""
    count = len(images)
    draw = torch.rand(4, count, 1, 1, 1, generator=random)
    images = torch.where(draw[3] < recipe.mirrored, images.flip(3), images)
    gray = images.mean(dim=1, keepdim=True).expand_as(images)
    images = torch.where(draw[0] < recipe.gray, gray, images)
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    images = middle + (images - middle) * (1 + recipe.contrast * (2 * draw[1] - 1))
    return (images * (1 + recipe.brightness * (2 * draw[2] - 1))).clamp(0, 1)


def train(recipe: Recipe, every: int = 100) -> tuple[PhotonetModule, list[float]]:
    """The trained module, in evaluation mode, and its loss at every step; prints the mean loss every so many steps."""
    torch.manual_seed(recipe.seed)
    crops, sources = draw_crops("train", recipe.pool, recipe.seed)
    pool = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    labels = torch.tensor([NAMES.index(source) for source in sources])
    module = PhotonetModule(len(NAMES)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        module.conv1.weight *= recipe.start
    optimiser = torch.optim.SGD(module.parameters(), lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.decay, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=recipe.rate, total_steps=recipe.steps, cycle_momentum=False)
    random = torch.Generator().manual_seed(recipe.seed)
    losses: list[float] = []
    start = time.monotonic()
    for step in range(1, recipe.steps + 1):
        chosen = torch.randint(len(pool), (recipe.batch,), generator=random)
        turns = torch.randint(len(TURNS), (recipe.batch,), generator=random)
        images = turned(jittered(pool[chosen].float() / 255, recipe, random), turns)
        logits = module(normalised(images))
        loss = cross_entropy(logits["photo"], labels[chosen]) + cross_entropy(logits["up"], turns)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % every == 0:
            print(f"step {step:5d}  loss {np.mean(losses[-every:]):.3f}  {time.monotonic() - start:.0f} s", flush=True)
    return module.eval(), losses


def write(module: nn.Module, recipe: Recipe, folder: Path) -> dict[str, object]:
    """Weights as safetensors and, beside them, what was measured on the held-out halves; returns the latter."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    save_file(state, folder / "photonet.safetensors")
    card: dict[str, object] = {"photographs": list(NAMES), "turns": list(TURNS), "recipe": asdict(recipe), "held_out": score(module)}
    (folder / "photonet.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    """Trains by the default recipe, writes the weights, prints how well they do on the held-out halves."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(description="Trains optogram's demo network: some eight minutes on one core.")
    parser.add_argument("--steps", type=int, default=recipe.steps, help="updates, of 64 crops each")
    parser.add_argument("--seed", type=int, default=recipe.seed, help="of the crops, the first weights and the order")
    parser.add_argument("--threads", type=int, default=recipe.threads, help="of the processor; the committed weights were made with 1")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder that the weights are written to")
    arguments = parser.parse_args()
    recipe = replace(recipe, steps=arguments.steps, threads=arguments.threads, seed=arguments.seed)
    torch.set_num_threads(recipe.threads)
    module, _ = train(recipe)
    print(json.dumps(write(module, recipe, arguments.out)["held_out"], indent=1))


if __name__ == "__main__":
    main()
