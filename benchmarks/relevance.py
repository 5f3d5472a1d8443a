"""LRP beside zennit and Grad-CAM beside grad-cam: paired medians of the same maps in one process.

    python benchmarks/relevance.py [--networks resnet18 vgg11_bn] [--batch 8] [--rounds 5] [--threads 2] [--size 224]

As in attribution.py: each round times both, in turn; the ratio is the peer's time over ours, the median over rounds. Weights are
random; the maps are compared in double precision on one image first.
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
from _paired import medians, paired, ratio
from optogram.network._torchvision import open_torchvision

TARGET, GOAL = 5, 1.2
EPSILON = 1e-9
SITES = {"resnet18": "layer4", "vgg11_bn": "features.25", "squeezenet1_1": "features.11", "alexnet": "features.10"}
CASES = ("epsilon_plus", "epsilon_gamma_box", "epsilon_alpha2_beta1", "grad_cam")


def theirs(case: str, name: str, module: torch.nn.Module, images: torch.Tensor) -> Callable[[], np.ndarray]:
    if case == "grad_cam":
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        cam = GradCAM(model=module, target_layers=[module.get_submodule(SITES[name])])
        return lambda: np.asarray(cam(input_tensor=images, targets=[ClassifierOutputTarget(TARGET)] * len(images)))
    from zennit import composites
    from zennit.attribution import Gradient
    from zennit.torchvision import ResNetCanonizer, VGGCanonizer

    canonizer = {"resnet18": ResNetCanonizer, "vgg11_bn": VGGCanonizer}.get(name)
    ends = {"low": torch.zeros_like(images), "high": torch.ones_like(images)} if case.endswith("box") else {}
    kind = {"epsilon_plus": "EpsilonPlus", "epsilon_gamma_box": "EpsilonGammaBox", "epsilon_alpha2_beta1": "EpsilonAlpha2Beta1"}[case]
    composite = getattr(composites, kind)(canonizers=[canonizer()] if canonizer else [], epsilon=EPSILON, stabilizer=EPSILON, **ends)

    def start(output: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.tensor([TARGET] * len(output)), output.shape[1]).to(output) * output

    def run() -> np.ndarray:
        with Gradient(module, composite) as method:
            return np.asarray(method(images.clone(), start)[1].detach())

    return run


def ours(case: str, name: str, network: og.Network, images: torch.Tensor) -> Callable[[], np.ndarray]:
    """Through the public verb, provenance and all."""
    given: tuple[str, dict[str, Any]] = (
        ("grad_cam", {"site": SITES[name]}) if case == "grad_cam" else ("lrp", {"composite": case, "epsilon": EPSILON})
    )
    return lambda: np.asarray(og.attribute(network, images, f"output:{TARGET}", given[0], batch_size=len(images), progress=False, **given[1]).values)


def built(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    module = getattr(open_torchvision().models, name)(weights=None).eval()
    for inner in module.modules():
        if isinstance(inner, torch.nn.ReLU):
            inner.inplace = False
    return module


def disagreement(case: str, name: str, module: torch.nn.Module, image: torch.Tensor) -> float:
    expected = theirs(case, name, copy.deepcopy(module), image)()
    found = ours(case, name, og.Network(module, og.Preprocess()), image)()
    if expected.ndim == 3:
        found, expected = (maps / maps.max() for maps in (found[:, 0] - found[:, 0].min(), expected))
    return float(np.abs(expected - found).max() / np.abs(expected).max())


def compare(name: str, case: str, batch: int, rounds: int, size: int) -> None:
    module, images = built(name), torch.rand(batch, 3, size, size)
    off = disagreement(case, name, copy.deepcopy(module).double(), images[:1].double())
    calls = (theirs(case, name, copy.deepcopy(module), images), ours(case, name, og.Network(module, og.Preprocess()), images))
    times = paired(calls, rounds)
    print(f"{name:14s} {case:22s} ratio {ratio(*times):.2f} (goal {GOAL})   peer / optogram {medians(times)}   off {off:.1e}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=SITES, default=["resnet18", "vgg11_bn"])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    for name in given.networks:
        for case in given.cases:
            compare(name, case, given.batch, given.rounds, given.size)


if __name__ == "__main__":
    main()
