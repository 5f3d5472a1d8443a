"""How fast `og.synthesize` climbs, beside torch-lucent, horama and the bare forward and backward pass that bounds it.

    python benchmarks/synthesis.py [--threads 2] [--rounds 5] [--peers FOLDER] [--neurons | --parts] [--sites TEXT] [--rows 32]

All in one process, in turns, medians of the rounds: only ratios mean anything on a machine that others use too. The bound is
the network alone as it comes, truncated at the site, channels last, in the same number type and at the size of the same view,
without gradients of parameters; a share above 1 is what folding batch norms into convolutions
and cheaper gradients at the pixels gain. Memory is kept as the program keeps it (`optogram.memory`), for all alike.
torch-lucent gets the same canvas (Fourier, decorrelated, 128x128) and the same transforms, a unit
at a time: once as it comes (it enlarges to 224x224) and once at the view's own size. horama gets its own Fourier canvas of the same
size, one crop a step, the same view, and a network that ends at the site. `--neurons`: middle neurons of the first third of each network,
on canvases of their receptive fields' size; the peers know no such canvas. `--parts`: where the time of a step goes, without peers. `--sites`: only
sites whose network and name hold this text. To have the peers:

    pip install --no-deps --target FOLDER torch-lucent==0.1.8 kornia==0.4.1 decorator tqdm horama==0.3.0
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import optogram as og
from _synthesis_parts import PARTS, parts
from _synthesis_peers import horama, lucent, peer_found
from optogram import memory
from optogram.synthesis.ascend import ascend
from optogram.synthesis.asked import objectives_of
from optogram.synthesis.canvases.fourier import fourier
from optogram.synthesis.presets.lucid import lucid
from optogram.synthesis.speed import MOST_ROWS, fastest_type
from optogram.synthesis.stage import Stage, Stager, framed

PLACES = {"torchvision:resnet18": ("layer1", "layer2", "layer4"), "torchvision:mobilenet_v2": ("features.4", "features.17")}
EARLY = {"torchvision:resnet18": ("layer1.0.bn1", "layer1", "layer2.0.bn1"), "torchvision:mobilenet_v2": ("features.2", "features.4", "features.6")}
"""Sites of the first third of the layers."""
SIDE = 128
Runs = dict[str, tuple[Callable[[], Any], int]]


def timed(run: Callable[[], Any]) -> float:
    """Seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def bare(net: og.Network, site: str, stage: Stage, rows: int) -> Callable[[], None]:
    """One forward and backward pass to the images, nothing else."""
    images = torch.rand(rows, net.channels, *stage.view).contiguous(memory_format=torch.channels_last).requires_grad_()

    def step() -> None:
        torch.autograd.grad(net.read(site, images).float().mean(), images)

    return step


def of_units(net: og.Network, site: str, steps: int, rows: int, peers: dict[str, bool]) -> Runs:
    """Units' means over places, on canvases of one size."""
    rows = min(rows, net.site(site).units)
    kind = fastest_type(torch.device("cpu"))
    worker, plain = net.worker(channels_last=True, dtype=kind, reads=[site], gradients=True), net.worker(channels_last=True, dtype=kind)
    stage, goals = framed(net, [net.site(site)], (SIDE, SIDE), lucid.transforms), objectives_of(net, f"{site}:0-{rows - 1}")
    runs: Runs = {
        "ours": (partial(ascend, worker, goals, fourier(), stage, fourier().optimiser, steps, 0), rows * steps),
        "bound": (bare(plain, site, stage, rows), rows),
    }
    if peers["lucent"]:
        runs |= {name: (lucent(net, site, SIDE, view, steps), steps) for name, view in (("lucent", stage.view[0]), ("at 224", None))}
    if peers["horama"]:
        runs["horama"] = (horama(net, site, SIDE, stage.view[0], steps), steps)
    return runs


def of_neurons(net: og.Network, site: str, steps: int, rows: int, peers: dict[str, bool]) -> Runs:
    """Units' middle neurons, on canvases of their receptive field's size."""
    rows = min(rows, net.site(site).units)
    kind = fastest_type(torch.device("cpu"))
    worker, stager = net.worker(channels_last=True, dtype=kind, reads=[site], gradients=True), Stager(net, None, lucid.transforms)
    staged = [stager(goal) for goal in objectives_of(net, f"{site}:0-{rows - 1}", "neuron")]
    if len({stage for stage, _ in staged}) != 1:
        raise ValueError(f"the neurons of {site} have fields of several sizes")
    stage, goals = staged[0][0], [goal for _, goal in staged]
    runs: Runs = {
        "ours": (partial(ascend, worker, goals, fourier(), stage, fourier().optimiser, steps, 0), rows * steps),
        "bound": (bare(net.worker(channels_last=True, dtype=kind), site, stage, rows), rows),
    }
    if peers["lucent"]:
        wide = framed(net, [net.site(site)], (SIDE, SIDE), lucid.transforms).view[0]
        runs |= {name: (lucent(net, site, SIDE, view, steps, neuron=True), steps) for name, view in (("lucent", wide), ("at 224", None))}
    return runs


def print_parts(nets: dict[str, og.Network], places: dict[str, list[str]], rounds: int, rows: int) -> None:
    """Milliseconds of a step, and the share of each part; what is left is the objective, and what is written down."""
    print(f"{'network':<26}{'site':<14}{'step, ms':>9}" + "".join(f"{name:>12}" for name in (*PARTS, "left")))
    for spec, sites in places.items():
        for site in sites:
            net, goals = nets[spec], objectives_of(nets[spec], f"{site}:0-{rows - 1}")
            worker = net.worker(channels_last=True, dtype=fastest_type(torch.device("cpu")), reads=[site], gradients=True)
            found = parts(worker, goals, fourier(), framed(net, [net.site(site)], (SIDE, SIDE), lucid.transforms), rounds)
            shares = [found[name] / found["step"] for name in PARTS]
            print(f"{spec:<26}{site:<14}{found['step'] * 1e3:>9.1f}" + "".join(f"{share:>12.3f}" for share in (*shares, 1 - sum(shares))), flush=True)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="pictures at once, ours and the bound's")
    parser.add_argument("--peers", default="/nowhere")
    parser.add_argument("--neurons", action="store_true")
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--sites", default="")
    settings = parser.parse_args()
    memory.hold()
    torch.set_num_threads(settings.threads)
    places = {spec: [site for site in sites if settings.sites in f"{spec} {site}"] for spec, sites in (EARLY if settings.neurons else PLACES).items()}
    nets = {spec: og.load(spec, weights="none", seed=0) for spec in places}  # first: it makes torchvision importable for the peers too
    if settings.parts:
        print_parts(nets, places, settings.rounds, settings.rows)
        return
    peers = {"lucent": peer_found(settings.peers, "lucent.optvis.render"), "horama": peer_found(settings.peers, "horama")}
    kind = fastest_type(torch.device("cpu"))
    print(f"{settings.threads} threads, {kind}, {settings.rows} pictures at once; unit-steps a second, {settings.rounds} rounds")
    print(f"{'network':<26}{'site':<14}{'ours':>8}{'bound':>8}{'of it':>7}   peers, and how many times ours is as fast")
    for spec, sites in places.items():
        for site in sites:
            runs = (of_neurons if settings.neurons else of_units)(nets[spec], site, settings.steps, settings.rows, peers)
            for run, _ in runs.values():
                run()
            rounds = [{name: timed(run) / count for name, (run, count) in runs.items()} for _ in range(settings.rounds)]
            rate = {name: 1 / statistics.median(each[name] for each in rounds) for name in runs}
            share = {name: statistics.median(each[name] / each["ours"] for each in rounds) for name in runs}
            beside = "".join(f"   {name} {rate[name]:.1f} x{share[name]:.1f}" for name in ("lucent", "at 224", "horama") if name in rate)
            print(f"{spec:<26}{site:<14}{rate['ours']:>8.1f}{rate['bound']:>8.1f}{share['bound']:>7.2f}{beside}", flush=True)


if __name__ == "__main__":
    main()
