"""The table of claims of a network beside its untrained twins', by several viewers, with what each stage cost.

    python benchmarks/evidence.py MODEL PHOTOGRAPHS [--weights FILE] [--site SITE ...] [--units 64] [--steps 32] [--twins 39]
        [--kind both] [--panel 700] [--viewer bank] [--viewer SPEC[;weights=FILE][;preprocess=TEXT]] [--claim NAME ...] [--keep DIR] [--json FILE]

Prints, for each viewer, site and claim: the family's figure, its range over the twins, the gate, how many units pass the claim's own null (and how
many of a twin do, at the median), the verdicts, and confounds. Then the seconds of each stage, wall and processor, and the salmon by name.
Pictures are made once and kept in --keep for all viewers. Without --keep they are made in a folder that is removed at the end.

The pilot's site and set-up (viewer MobileNetV2: identification by picture .28, by exemplars .59, of line-ups of 32):

    python benchmarks/evidence.py torchvision:squeezenet1_0 ../shared/data/photos/imagenet-sample \
        --weights ../shared/data/weights/squeezenet1_0_deepcompression.safetensors \
        --site features.9.expand3x3 --units 32 --panel 500 --twins 1 --viewer \
        "torchvision:mobilenet_v2;weights=../shared/data/weights/mobilenet_v2_tf_quant.safetensors;preprocess=size=256,crop=225,mean=.5,std=.5"
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import optogram as og

CLAIMS = (
    "identification",
    "identification_by_picture",
    "identification_by_both",
    "picture_or_exemplars",
    "reliable",
    "natural_path",
    "reached",
)


class Clock:
    """Wall and processor seconds by stage, told by the verbs' own progress."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.busy: dict[str, float] = defaultdict(float)
        self.last = time.perf_counter(), time.process_time()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """What went by since the last call was this stage's, or led up to it."""
        now = time.perf_counter(), time.process_time()
        self.wall[stage] += now[0] - self.last[0]
        self.busy[stage] += now[1] - self.last[1]
        self.last = now


def seeing(text: str) -> Any:
    """The bank, or a network from SPEC;weights=FILE;preprocess=TEXT."""
    if text == "bank":
        return "bank"
    spec, *settings = text.split(";")
    return og.load(spec, **dict(one.split("=", 1) for one in settings))


def lines(found: og.Evidence) -> list[str]:
    """A line a family."""
    told = []
    for family in found.families:
        twins = family.families[np.isfinite(family.families)]
        ranged = f"twins {twins.min():6.2f} to {twins.max():6.2f}" if twins.size else "no twin could be tested"
        counts = ", ".join(f"{count} {word}" for word, count in found.verdicts(family.site, family.claim).items() if word != "not tested")
        passing = f"{family.identified:3d} of {family.tested} pass (a twin {np.median(family.twin_identified or [0]):.0f})"
        told.append(f"{family.site:<26} {family.claim:<26} {family.observed:6.2f} {ranged}  p {family.gate_p:.3f}  {passing}  {counts}")
        confounds = ", ".join(f"{name} {value:.2f}" for name, value in family.confounds.items())
        told.append(f"{'':<26} {family.statistic}; {confounds}")
    return told


def salmon(found: og.Evidence) -> list[str]:
    """By site and claim: units that say no more than twins do, those first that pass the claim's own null."""
    passing = {(row.unit, row.claim) for row in found if row.null != "twins" and row.q <= found.level}
    told: dict[tuple[str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for row in found:
        if row.verdict == "salmon" and row.null == "twins":
            told[row.site, row.claim][(row.unit, row.claim) not in passing].append(str(row.index))
    return [
        f"{site} {claim}: {len(own)} pass its own null ({' '.join(own)}), {len(rest)} do not ({' '.join(rest)})"
        for (site, claim), (own, rest) in told.items()
    ]


def main() -> None:
    """Judges by each viewer in turn and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("photographs")
    parser.add_argument("--weights")
    parser.add_argument("--preprocess")
    parser.add_argument("--site", action="append")
    parser.add_argument("--viewer", action="append")
    parser.add_argument("--claim", action="append")
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--twins", type=int, default=39)
    parser.add_argument("--kind", choices=("reinit", "shuffle", "both"))
    parser.add_argument("--panel", type=int, default=700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep")
    parser.add_argument("--json")
    asked = parser.parse_args()
    network = og.load(asked.model, asked.weights, preprocess=asked.preprocess)
    photos = og.open_images(asked.photographs, channels=network.channels)
    making = {"units": asked.units} | {name: getattr(asked, name) for name in ("steps", "size") if getattr(asked, name)}
    clock = Clock()
    began = time.perf_counter(), time.process_time()
    swept = og.sweep(network, photos, sites=asked.site, panel=asked.panel, seed=asked.seed, progress=clock)
    told: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for text in asked.viewer or ["bank"]:
            found = og.judge(
                network,
                photos,
                swept,
                asked.site,
                asked.claim or CLAIMS,
                seeing(text),
                asked.twins,
                asked.seed,
                twin_kind=asked.kind,
                checkpoint=asked.keep or temporary,
                pictures=making,
                progress=clock,
            )
            kinds = " and ".join(found.families[0].kinds)
            print(f"\n{network.name}, {len(swept.panel)} photographs, {asked.twins} twins ({kinds}), viewer {text.partition(';')[0]}", flush=True)
            print("\n".join(lines(found)), flush=True)
            print("salmon: " + ("\n        ".join(salmon(found)) or "none"), flush=True)
            told += [{"viewer": text.partition(";")[0], **{name: getattr(row, name) for name in row.__dataclass_fields__}} for row in found]
    print("\nstage        wall s   processor s")
    for stage, seconds in clock.wall.items():
        print(f"{stage:<12} {seconds:7.1f} {clock.busy[stage]:9.1f}")
    print(f"{'all':<12} {time.perf_counter() - began[0]:7.1f} {time.process_time() - began[1]:9.1f}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(told, default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
