"""What a sweep costs beside the bare forward pass: the same batches, type and layout, alternating in one process.

    python benchmarks/sweep.py [NETWORK ...] [--threads 2] [--blocks 9] [--warm 8] [--panel]

Prints the sweep's throughput as a share of the bare truncated forward's (median and range over blocks of eight batches, and
photographs a second). Decoding is not part of it. The sweep keeps memory as the program
does (`optogram.memory`); the bare forward runs both as it comes and with memory kept.
The bar is .90 for ResNet18 and MobileNetV2 at 224x224, all default sites.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

import optogram as og
from _as_it_comes import as_it_comes
from optogram import memory
from optogram.exemplars.collector import Collector
from optogram.exemplars.grids import Grids
from optogram.exemplars.plan import plan
from optogram.exemplars.recording import Places, Recording
from optogram.exemplars.tally import Tally

BATCH, BATCHES = 32, 8


def blocks(count: int, size: int) -> Iterator[list[Tensor]]:
    """Smooth noise, never the same twice: that few photographs enter a list later on is part of what is measured."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(count):
        coarse = [torch.rand(BATCH, 3, size // 8, size // 8, generator=generator) for _ in range(BATCHES)]
        fine = [torch.nn.functional.interpolate(one, size=(size, size), mode="bilinear") for one in coarse]
        yield [one.mul(255).byte().contiguous(memory_format=torch.channels_last) for one in fine]


def measure(spec: str, count: int, warm: int, in_panel: bool, clock: Callable[[], float] = time.perf_counter) -> dict[str, list[float]]:
    """Seconds of each block: the bare forward, the same with memory kept, and the sweep."""
    network = og.load(spec, weights="none", seed=0)
    size = network.input_size[0]
    chosen = plan(network, None)
    bare = copy.deepcopy(network.module).eval().to(memory_format=torch.channels_last)
    total = (count + warm) * BATCH * BATCHES
    kept = range(total if in_panel else 1)
    recording = Recording(chosen, kept, [0] * len(kept), Places(tuple(map(str, kept)), 4, 0))
    collector = Collector(chosen, Tally.empty(2, chosen.units, 9, "cpu"), recording, Grids(), BATCH)
    edits = collector.edits()
    worker = network.worker(channels_last=True, reads=list(edits))
    numbers = iter(range(total))
    seconds: dict[str, list[float]] = {"bare": [], "kept": [], "sweep": []}

    def forward(ready: list[Tensor]) -> None:
        for images in ready:
            bare(images)

    def sweep(block: list[Tensor]) -> None:
        with worker.tap(chosen.deepest, edits=edits):
            for images in block:
                collector.begin([next(numbers) for _ in range(BATCH)], [row % 2 for row in range(BATCH)], in_panel)
                worker.run(images.div(255), frame="input")
                if collector.end():
                    collector.flush()

    for index, block in enumerate(blocks(count + warm, size)):
        ready = [network.preprocess.normalise(one.float().div(255)).contiguous(memory_format=torch.channels_last) for one in block]
        with torch.no_grad():
            if index >= warm - 1:
                with as_it_comes():
                    seconds["bare"].append(timed(forward, ready, clock))
                seconds["kept"].append(timed(forward, ready, clock))
            seconds["sweep"].append(timed(sweep, block, clock))
    return {name: found[-count:] for name, found in seconds.items()}


def timed(work: Callable[[list[Tensor]], None], block: list[Tensor], clock: Callable[[], float]) -> float:
    began = clock()
    work(block)
    return clock() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["torchvision:resnet18", "torchvision:mobilenet_v2"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--warm", type=int, default=8, help="blocks swept before the first that counts, while lists fill")
    parser.add_argument("--panel", action="store_true", help="all photographs are the panel's: means, probes and every place are kept too")
    parser.add_argument(
        "--cpu", action="store_true", help="count CPU seconds rather than seconds: for a machine that others use; say --threads 1 too"
    )
    chosen = parser.parse_args()
    memory.hold()
    torch.set_num_threads(chosen.threads)
    kind = "panel" if chosen.panel else "sweep"
    for spec in chosen.networks:
        found = measure(spec, chosen.blocks, chosen.warm, chosen.panel, time.process_time if chosen.cpu else time.perf_counter)
        rate = {name: BATCH * BATCHES / statistics.median(seconds) for name, seconds in found.items()}
        for name, said in (("bare", "the bare forward"), ("kept", "the same with memory kept")):
            ratios = [one / own for one, own in zip(found[name], found["sweep"], strict=True)]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(
                f"{spec:28} {kind} {statistics.median(ratios):.3f} of {said} ({spread})   {rate[name]:.0f} -> {rate['sweep']:.0f} img/s", flush=True
            )


if __name__ == "__main__":
    main()
