"""What a sweep costs beside the bare forward pass: the same batches, type and layout, alternating in one process.

    python benchmarks/sweep.py [NETWORK ...] [--threads 2] [--blocks 9] [--warm 8] [--panel]

Prints the sweep's throughput as a share of the bare truncated forward's (median and range over blocks of eight batches, and
photographs a second). Decoding is not part of it. Memory is kept as the program keeps it (`optogram.memory`), for both alike.
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


def measure(spec: str, count: int, warm: int, in_panel: bool, clock: Callable[[], float] = time.perf_counter) -> tuple[list[float], float, float]:
    """Ratio of each block, and both throughputs."""
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
    number, ratios, plain_s, swept_s = 0, [], 0.0, 0.0
    for index, block in enumerate(blocks(count + warm, size)):
        ready = [network.preprocess.normalise(one.float().div(255)).contiguous(memory_format=torch.channels_last) for one in block]
        with torch.no_grad():
            began = clock()
            for images in ready if index >= warm - 1 else ():
                bare(images)
            middle = clock()
            with worker.tap(chosen.deepest, edits=edits):
                for images in block:
                    collector.begin(list(range(number, number + BATCH)), [row % 2 for row in range(BATCH)], in_panel)
                    worker.run(images.div(255), frame="input")
                    number += BATCH
                    if collector.end():
                        collector.flush()
            ended = clock()
        if index >= warm:
            ratios.append((middle - began) / (ended - middle))
            plain_s, swept_s = plain_s + middle - began, swept_s + ended - middle
    done = count * BATCH * BATCHES
    return ratios, done / plain_s, done / swept_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["torchvision:resnet18", "torchvision:mobilenet_v2"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument(
        "--warm", type=int, default=8, help="blocks swept before the first that counts, while lists fill"
    )
    parser.add_argument("--panel", action="store_true", help="all photographs are the panel's: means, probes and every place are kept too")
    parser.add_argument(
        "--cpu", action="store_true", help="count CPU seconds rather than seconds: for a machine that others use; say --threads 1 too"
    )
    chosen = parser.parse_args()
    memory.hold()
    torch.set_num_threads(chosen.threads)
    for spec in chosen.networks:
        ratios, plain, swept = measure(spec, chosen.blocks, chosen.warm, chosen.panel, time.process_time if chosen.cpu else time.perf_counter)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        kind = "panel" if chosen.panel else "sweep"
        print(f"{spec:28} {kind} {statistics.median(ratios):.3f} of the bare forward ({spread})   {plain:.0f} -> {swept:.0f} img/s")


if __name__ == "__main__":
    main()
