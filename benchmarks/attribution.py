"""Attribution beside captum: paired medians of the same maps in one process.

    python benchmarks/attribution.py [--networks resnet18 mobilenet_v2] [--batch 8] [--rounds 5] [--threads 2] [--clock wall|cpu] [--methods ...]

Each round times both, in turn, so that whatever else the machine does falls on both; the ratio is captum's time over ours, the
median over rounds; `--clock cpu --threads 1` counts computing alone, for machines that others use. Weights are random (time does
not depend on them). Both are given what they need to be fast: captum the module in `eval()`, its inner batches as large as ours.
The maps must agree within 1e-4 relative, which is checked in double precision: in single precision, rounding opens and closes a
few rectifiers of a deep network, and each library is some 1e-3 off the truth. `occlusion_grid` is 16 x 16 windows side by side. Perturbations
drawn at random and class activation maps without gradients are in perturbation.py, relevance propagation and Grad-CAM in relevance.py.
"""

from __future__ import annotations

import argparse
import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import optogram as og
from _paired import CLOCKS, medians, options, paired, ratio
from optogram.network._torchvision import open_torchvision

TARGET = 5
GOALS = {"gradient": 1.1, "guided_backprop": 1.25, "integrated_gradients": 1.6, "occlusion": 1.5, "occlusion_grid": 2.5}
FAR = {("mobilenet_v2", "integrated_gradients"): 3.0}
WINDOWS = {"occlusion": (32, 16), "occlusion_grid": (14, 14)}


def theirs(method: str, module: torch.nn.Module, images: torch.Tensor, inner: int) -> Callable[[], torch.Tensor]:
    """captum's call for the same map."""
    from captum import attr

    calls: dict[str, tuple[Any, dict[str, Any]]] = {
        "gradient": (attr.Saliency(module), {"abs": False}),
        "guided_backprop": (attr.GuidedBackprop(module), {}),
        "integrated_gradients": (attr.IntegratedGradients(module), {"n_steps": 32, "method": "gausslegendre", "internal_batch_size": inner}),
    }
    if method in WINDOWS:
        window, stride = WINDOWS[method]
        each = {"perturbations_per_eval": max(1, inner // len(images))}
        calls[method] = (attr.Occlusion(module), {"sliding_window_shapes": (3, window, window), "strides": (3, stride, stride), **each})
    method_of, settings = calls[method]
    return lambda: method_of.attribute(images.clone(), target=TARGET, **settings).detach()


def ours(method: str, network: og.Network, images: torch.Tensor, inner: int) -> Callable[[], np.ndarray]:
    """The same through the public verb, provenance and all."""
    if method in WINDOWS:
        settings: dict[str, Any] = dict(zip(("window", "stride"), WINDOWS[method], strict=True))
        method = "occlusion"
    else:
        settings = {"steps": 32} if method == "integrated_gradients" else {}
    return lambda: og.attribute(network, images, f"output:{TARGET}", method, batch_size=inner, progress=False, **settings).values


def compare(name: str, method: str, batch: int, rounds: int, inner: int, clock: Callable[[], float], checked: bool, cold: bool) -> None:
    torch.manual_seed(0)
    module = getattr(open_torchvision().models, name)(weights=None).eval()
    if method == "guided_backprop":
        module = separate(module)
    images = torch.rand(batch, 3, 224, 224)
    few = images[:2] if method in WINDOWS else images[:1]  # so many that windows are worth a way around whole passes
    off = disagreement(method, copy.deepcopy(module).double(), few.double(), inner) if checked else float("nan")
    if not rounds:
        print(f"{name:14s} {method:22s} off {off:.1e}", flush=True)
        return
    calls = (theirs(method, module, images, inner), ours(method, og.Network(module, og.Preprocess()), images, inner))
    times = paired(calls, rounds, clock, cold)
    goal = FAR.get((name, method), GOALS[method])
    print(f"{name:14s} {method:22s} ratio {ratio(*times):.2f} (goal {goal})   captum / optogram {medians(times)}   off {off:.1e}", flush=True)


def disagreement(method: str, module: torch.nn.Module, images: torch.Tensor, inner: int) -> float:
    """The greatest difference of the two maps over their greatest value."""
    calls = (theirs(method, module, images, inner), ours(method, og.Network(module, og.Preprocess()), images, inner))
    expected, found = (np.asarray(call()) for call in calls)
    return float(np.abs(expected - found).max() / np.abs(expected).max())


def separate(module: torch.nn.Module) -> torch.nn.Module:
    """For captum alone, which needs each rectifier to be a module of its own, not in place, and of the class ReLU: the same function
    with every ReLU out of place. A reused one it handles."""
    module = copy.deepcopy(module)
    for inner in module.modules():
        if isinstance(inner, torch.nn.ReLU):
            inner.inplace = False
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=["resnet18", "mobilenet_v2"])
    parser.add_argument("--methods", nargs="+", default=list(GOALS))
    parser.add_argument("--unchecked", action="store_true", help="do not compare the maps; --rounds 0 compares them alone")
    options(parser, 5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    for name in given.networks:
        for method in given.methods:
            if method == "guided_backprop" and name.startswith("mobilenet"):
                continue  # captum's is the plain gradient there: its hooks miss ReLU6
            compare(name, method, given.batch, given.rounds, given.inner, CLOCKS[given.clock], not given.unchecked, given.cold)


if __name__ == "__main__":
    main()
