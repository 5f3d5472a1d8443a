"""How the peers climb: the same canvas size and view, one unit at a time, as their users would call them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

import optogram as og
from _as_it_comes import as_it_comes


def peer_found(folder: str, name: str) -> bool:
    """Whether a peer can be imported; what it draws in notebooks is not needed."""
    sys.path.append(folder)
    display = types.ModuleType("IPython.display")
    display.display = display.Image = display.HTML = None  # type: ignore[attr-defined]
    for module, found in (("IPython", types.ModuleType("IPython")), ("IPython.display", display), ("matplotlib.pyplot", types.ModuleType("pyplot"))):
        sys.modules.setdefault(module, found)
    sys.modules.setdefault("matplotlib", types.ModuleType("matplotlib")).pyplot = sys.modules["matplotlib.pyplot"]  # type: ignore[attr-defined]
    try:
        __import__(name)
    except ImportError as error:
        print(f"{name} is not here ({error})")
        return False
    return True


def lucent(net: og.Network, site: str, side: int, view: int | None, steps: int, neuron: bool = False) -> Callable[[], None]:
    """`steps` steps of torch-lucent on one unit, or on its middle neuron."""
    from lucent.optvis import objectives, param, render

    model, goal = net.module.eval(), objectives.neuron if neuron else objectives.channel

    def climb() -> None:
        with as_it_comes():
            render.render_vis(
                model,
                goal(site.replace(".", "_"), 0),
                lambda: param.image(side, fft=True, decorrelate=True),
                thresholds=(steps,),
                progress=False,
                show_image=False,
                fixed_image_size=view,
            )
        for module in model.modules():  # it leaves its hooks behind, each call slower than the one before
            module._forward_hooks.clear()

    return climb


def horama(net: og.Network, site: str, side: int, view: int, steps: int) -> Callable[[], None]:
    """`steps` steps of horama's Fourier canvas on one unit, one crop a step (its default is 6), the pass ended at the site for it.

    Where torchvision's compiled `roi_align` is not to be had, the same boxes are sampled by `grid_sample`, which is no slower (its other one,
    in Python, takes minutes and gigabytes). horama's own squeeze takes the batch away from a single crop and the enlargement after it then
    fails: the crop is given in a batch of batches.
    """
    import horama.common
    from horama import fourier
    from torchvision.extension import _has_ops
    from torchvision.ops import roi_align

    aligned: Callable[..., Tensor] = roi_align if _has_ops() else boxes_sampled
    horama.common.roi_align = lambda image, boxes, output_size: aligned(image, boxes, output_size=output_size)[None]
    horama.fourier_fv.tqdm = lambda steps: steps

    def score(images: Tensor) -> Tensor:
        return net.read(site, images)[:, 0].mean()

    def climb() -> None:
        with as_it_comes():
            fourier(score, total_steps=steps, image_size=side, model_input_size=view, crops_per_iteration=1, values_range=(0, 1), device="cpu")

    return climb


def boxes_sampled(image: Tensor, boxes: Tensor, output_size: Sequence[int]) -> Tensor:
    """Boxes (number, left, top, right, bottom) of one image, bilinear."""
    side = image.shape[2]
    lines = [(torch.arange(count) + 0.5) / count for count in output_size]
    across = (boxes[:, 1, None] + lines[1] * (boxes[:, 3] - boxes[:, 1])[:, None]) / side * 2 - 1
    down = (boxes[:, 2, None] + lines[0] * (boxes[:, 4] - boxes[:, 2])[:, None]) / side * 2 - 1
    grid = torch.stack(torch.broadcast_tensors(across[:, None, :], down[:, :, None]), 3)
    return F.grid_sample(image.expand(len(boxes), -1, -1, -1), grid, align_corners=False)
