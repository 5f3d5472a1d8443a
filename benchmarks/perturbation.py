"""Many forward passes beside the peers that have the method: RISE, KernelSHAP, Score-CAM and Ablation-CAM; paired medians in one process.

    python benchmarks/perturbation.py [--networks resnet18 mobilenet_v2] [--cases rise kernel_shap ...] [--batch 8] [--rounds 3] [--threads 2]

RISE of captum-rise and of torchray, KernelSHAP of captum, the maps of grad-cam and torchcam; a peer that is not installed is left out and
named. The ratio is the fastest peer's time over ours. What is drawn at random each library draws by itself: as many passes over the same
parts are timed, and the maps are not compared (tests count games out, and hold RISE to its formula). Score- and Ablation-CAM are read at a
site of some hundred units, so that a round takes seconds; their maps are compared, up to the shift and scale that the peers put them through.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import optogram as og
from _paired import CLOCKS, medians, options, paired, ratio
from optogram.network._torchvision import open_torchvision

TARGET, GOAL = 5, 1.5
MASKS, CELLS = 64, 7
PARTS, DRAWS = 7, 256
SITES = {"resnet18": "layer2", "mobilenet_v2": "features.13", "squeezenet1_1": "features.7"}
SETTINGS: dict[str, dict[str, Any]] = {
    "rise": {"samples": MASKS, "cells": CELLS},
    "kernel_shap": {"samples": DRAWS},
    "score_cam": {},
    "ablation_cam": {},
}
Call = Callable[[], np.ndarray]


def parts() -> torch.Tensor:
    """The number of each pixel's part, on a grid."""
    place = torch.arange(224) * PARTS // 224
    return place[:, None] * PARTS + place[None, :]


def captum_rise(module: torch.nn.Module, images: torch.Tensor, site: str, inner: int) -> Call:
    method = importlib.import_module("rise").RISE(module)
    settings = {"n_masks": MASKS, "initial_mask_shapes": ((CELLS, CELLS),), "target": [TARGET] * len(images)}

    def run() -> np.ndarray:
        with torch.no_grad():
            return np.asarray(method.attribute(images, **settings))

    return run


def torchray_rise(module: torch.nn.Module, images: torch.Tensor, site: str, inner: int) -> Call:
    rise_class = importlib.import_module("torchray.attribution.rise").rise_class
    settings = {"num_masks": MASKS, "num_cells": CELLS, "batch_size": inner}
    # All 1,000 classes' maps are kept: one photograph at a time is what fits.
    return lambda: np.concatenate([np.asarray(rise_class(module, image[None], target=[TARGET], **settings)) for image in images])


def captum_kernel_shap(module: torch.nn.Module, images: torch.Tensor, site: str, inner: int) -> Call:
    method = importlib.import_module("captum.attr").KernelShap(module)
    settings = {"feature_mask": parts()[None, None].expand(1, 3, -1, -1), "n_samples": DRAWS, "perturbations_per_eval": inner, "target": TARGET}
    # One photograph at a time is all that it takes.
    return lambda: np.concatenate([np.asarray(method.attribute(image[None].clone(), **settings)) for image in images])


def grad_cam(name: str) -> Callable[[torch.nn.Module, torch.Tensor, str, int], Call]:
    def made(module: torch.nn.Module, images: torch.Tensor, site: str, inner: int) -> Call:
        method = getattr(importlib.import_module("pytorch_grad_cam"), name)(model=module, target_layers=[module.get_submodule(site)])
        target = importlib.import_module("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget(TARGET)
        method.batch_size = inner

        def run() -> np.ndarray:
            with contextlib.redirect_stderr(io.StringIO()):
                return np.asarray(method(input_tensor=images, targets=[target] * len(images)))

        return run

    return made


def torchcam_score_cam(module: torch.nn.Module, images: torch.Tensor, site: str, inner: int) -> Call:
    method = importlib.import_module("torchcam.methods").ScoreCAM(module, site, batch_size=inner)

    def run() -> np.ndarray:
        with torch.no_grad():
            maps = method([TARGET] * len(images), module(images))[0]
        return np.asarray(torch.nn.functional.interpolate(maps[:, None], size=images.shape[2:], mode="bilinear")[:, 0])

    return run


PEERS: dict[str, dict[str, Callable[[torch.nn.Module, torch.Tensor, str, int], Call]]] = {
    "rise": {"captum-rise": captum_rise, "torchray": torchray_rise},
    "kernel_shap": {"captum": captum_kernel_shap},
    "score_cam": {"grad-cam": grad_cam("ScoreCAM"), "torchcam": torchcam_score_cam},
    "ablation_cam": {"grad-cam": grad_cam("AblationCAM")},
}


def ours(case: str, network: og.Network, images: torch.Tensor, site: str, inner: int) -> Call:
    """Through the public verb, provenance and all."""
    settings = {**SETTINGS[case], "batch_size": inner, "progress": False}
    settings |= {"segments": parts().numpy()} if case == "kernel_shap" else {"site": site} if case.endswith("cam") else {}
    return lambda: np.asarray(og.attribute(network, images, f"output:{TARGET}", case, **settings).values)


def compare(name: str, case: str, given: argparse.Namespace) -> None:
    torch.manual_seed(0)
    module = getattr(open_torchvision().models, name)(weights=None).eval()
    images, site = torch.rand(given.batch, 3, 224, 224), SITES[name]
    calls = {"optogram": ours(case, og.Network(module, og.Preprocess()), images, site, given.inner)}
    for peer, make in PEERS[case].items():
        if given.peers and peer not in given.peers:
            continue
        try:
            calls[peer] = make(module, images, site, given.inner)
        except ImportError as error:
            print(f"{name:14s} {case:14s} {peer} is left out: {error}")
    times = dict(zip(calls, paired(list(calls.values()), given.rounds, CLOCKS[given.clock], given.cold), strict=True))
    fastest = min((peer for peer in times if peer != "optogram"), key=lambda peer: statistics.median(times[peer]))
    off = f"off {disagreement(calls['optogram'](), calls[fastest]()):.1e}" if case.endswith("cam") else ""
    told = f"{' / '.join(calls)} {medians(list(times.values()))}"
    print(f"{name:14s} {case:14s} ratio {ratio(times[fastest], times['optogram']):.2f} to {fastest} (goal {GOAL})   {told}   {off}", flush=True)


def disagreement(found: np.ndarray, expected: np.ndarray) -> float:
    """The greatest difference of maps stretched to 0..1 each."""
    found, expected = (one - one.min(axis=(1, 2), keepdims=True) for one in (found[:, 0], expected))
    found, expected = (one / one.max(axis=(1, 2), keepdims=True) for one in (found, expected))
    return float(np.abs(found - expected).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=SITES, default=["resnet18", "mobilenet_v2"])
    parser.add_argument("--cases", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--peers", nargs="+", help="only these")
    options(parser, 3)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    for name in given.networks:
        for case in given.cases:
            compare(name, case, given)


if __name__ == "__main__":
    main()
