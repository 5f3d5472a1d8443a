"""How fast `og.synthesize` climbs, beside torch-lucent and beside the bare forward and backward pass that bounds it.

    python benchmarks/synthesis.py [--threads 2] [--rounds 5] [--peers FOLDER]

All in one process, in turns, medians of the rounds: only ratios mean anything on a machine that others use too. The bound is
the network alone as it comes, truncated at the site, channels last, in the same number type and at the size of the same view,
without gradients of parameters; a share above 1 is what folding batch norms into convolutions gains. Memory is kept as the
program keeps it (`optogram.memory`), for all alike.
torch-lucent gets the same canvas (Fourier, decorrelated, 128x128) and the same transforms, a unit
at a time: once as it comes (it enlarges to 224x224) and once at the view's own size. To have it:

    pip install --no-deps --target FOLDER torch-lucent==0.1.8 kornia==0.4.1 decorator tqdm
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import optogram as og
from _as_it_comes import as_it_comes
from optogram import memory
from optogram.synthesis.ascend import ascend
from optogram.synthesis.asked import objectives_of
from optogram.synthesis.canvases.fourier import fourier
from optogram.synthesis.presets.lucid import lucid
from optogram.synthesis.speed import fastest_type
from optogram.synthesis.stage import Stage, framed

PLACES = {"torchvision:resnet18": ("layer1", "layer2", "layer4"), "torchvision:mobilenet_v2": ("features.4", "features.17")}
ROWS, SIDE = 16, 128


def timed(run: Callable[[], Any]) -> float:
    """Seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def bare(net: og.Network, site: str, stage: Stage) -> Callable[[], None]:
    """One forward and backward pass to the images, nothing else."""
    images = torch.rand(ROWS, net.channels, *stage.view).contiguous(memory_format=torch.channels_last).requires_grad_()

    def step() -> None:
        torch.autograd.grad(net.read(site, images).float().mean(), images)

    return step


def lucent(net: og.Network, site: str, view: int | None, steps: int) -> Callable[[], None]:
    """`steps` steps of torch-lucent on one unit."""
    from lucent.optvis import objectives, param, render

    model = net.module.eval()

    def climb() -> None:
        with as_it_comes():
            run()

    def run() -> None:
        render.render_vis(
            model,
            objectives.channel(site.replace(".", "_"), 0),
            lambda: param.image(SIDE, fft=True, decorrelate=True),
            thresholds=(steps,),
            progress=False,
            show_image=False,
            fixed_image_size=view,
        )
        for module in model.modules():  # it leaves its hooks behind, each call slower than the one before
            module._forward_hooks.clear()

    return climb


def peer_found(folder: str) -> bool:
    """Whether torch-lucent can be imported; its notebook display is not needed."""
    sys.path.append(folder)
    display = types.ModuleType("IPython.display")
    display.display = display.Image = display.HTML = None  # type: ignore[attr-defined]
    for name, module in (("IPython", types.ModuleType("IPython")), ("IPython.display", display)):
        sys.modules.setdefault(name, module)
    try:
        import lucent.optvis.render  # noqa: F401
    except ImportError as error:
        print(f"torch-lucent is not here ({error}); against the bare forward and backward pass only")
        return False
    return True


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--peers", default="/nowhere")
    settings = parser.parse_args()
    memory.hold()
    torch.set_num_threads(settings.threads)
    nets = {spec: og.load(spec, weights="none", seed=0) for spec in PLACES}  # first: it makes torchvision importable for the peer too
    peer = peer_found(settings.peers)
    kind = fastest_type(torch.device("cpu"))
    print(f"{settings.threads} threads, {kind}, {ROWS} pictures of {SIDE}x{SIDE} at once; unit-steps a second, medians of {settings.rounds} rounds")
    print(f"{'network':<26}{'site':<14}{'ours':>8}{'bound':>8}{'of it':>7}{'lucent':>8}{'x':>6}{'at 224':>8}{'x':>6}")
    for spec, sites in PLACES.items():
        net = nets[spec]
        plain = net.worker(channels_last=True, dtype=kind)
        for site in sites:
            worker = net.worker(channels_last=True, dtype=kind, reads=[site])
            stage = framed(net, [net.site(site)], (SIDE, SIDE), lucid.transforms)
            goals = objectives_of(net, f"{site}:0-{ROWS - 1}")
            runs: dict[str, tuple[Callable[[], Any], int]] = {
                "ours": (partial(ascend, worker, goals, fourier(), stage, fourier().optimiser, settings.steps, 0), ROWS * settings.steps),
                "bound": (bare(plain, site, stage), ROWS),
            }
            if peer:
                runs["lucent"] = (lucent(net, site, stage.view[0], settings.steps), settings.steps)
                runs["at 224"] = (lucent(net, site, None, settings.steps), settings.steps)
            for run, _ in runs.values():
                run()
            rounds = [{name: timed(run) / count for name, (run, count) in runs.items()} for _ in range(settings.rounds)]
            rate = {name: 1 / statistics.median(each[name] for each in rounds) for name in runs}
            share = {name: statistics.median(each[name] / each["ours"] for each in rounds) for name in runs}
            peers = "".join(f"{rate[name]:>8.1f}{share[name]:>6.1f}" for name in ("lucent", "at 224") if name in rate)
            print(f"{spec:<26}{site:<14}{rate['ours']:>8.1f}{rate['bound']:>8.1f}{share['bound']:>7.2f}{peers}", flush=True)


if __name__ == "__main__":
    main()
