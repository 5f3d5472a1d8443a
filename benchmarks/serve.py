"""What the live server keeps of 10,000 requests, and how long a page takes that the browser has asked for before.

    python benchmarks/serve.py [--requests 10000] [--atlas DIR --model MODEL --weights FILE]

Starts `optogram serve --model` as a process of its own over a small atlas (or yours), asks it from eight threads, one
request in fifty a photograph with a look at it, and prints the process's resident memory along the way, and the time of
cached files (median, 95th percentile). The bars: no growth between the first fifth and the end, and 50 ms.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

import optogram as og

CLIENTS = 8
PROGRAM = "from optogram.cli import main; main()"


def small_atlas(folder: Path) -> tuple[Path, str]:
    """An atlas of an untrained demo network on noise: made in seconds."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8).repeat(12, 1).repeat(12, 2)
    network = og.load("zoo:photonet")
    og.build_atlas(network, og.open_images(pixels), folder / "atlas", twins=0, pictures="none", attributed=2, panel=24, progress=False)
    return folder / "atlas", "zoo:photonet"


def photograph(seed: int) -> bytes:
    """A photograph's file."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(coarse).resize((320, 240)).save(sink, "JPEG")
    return sink.getvalue()


def resident(process: int) -> float:
    """Megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Client:
    """One connection that stays open."""

    def __init__(self, netloc: str, files: list[str]) -> None:
        self.connection, self.files = HTTPConnection(netloc, timeout=120), files
        self.times: list[float] = []

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400 and answer.status != 503:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:200]!r}")
        return content

    def work(self, numbers: range) -> None:
        for number in numbers:
            if number % 50 == 0:
                name = json.loads(self.ask("POST", "/api/photographs", photograph(number)))["id"]
                self.ask("POST", "/api/jobs", json.dumps({"kind": "look", "photograph": name}).encode())
            else:
                start = time.perf_counter()
                self.ask("GET", self.files[number % len(self.files)])
                self.times.append(time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--atlas", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--weights")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        atlas, model = (asked.atlas, asked.model) if asked.atlas else small_atlas(Path(scratch))
        command = [sys.executable, "-c", PROGRAM, "serve", str(atlas), "--model", model, "--port", "0"]
        process = subprocess.Popen(command + (["--weights", asked.weights] if asked.weights else []), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        netloc = urlsplit(process.stdout.readline().split()[0]).netloc
        held = og.open_atlas(atlas)
        tables = [f"/{site.units_file.path}" for site in held.network().sites]
        files = ["/", "/manifest.json", *tables, *(f"/{one.path}" for one in held.files()[:20])]
        clients = [Client(netloc, files) for _ in range(CLIENTS)]
        try:
            part = asked.requests // 5
            for fifth in range(5):
                first = [range(fifth * part + client, (fifth + 1) * part, CLIENTS) for client in range(CLIENTS)]
                with ThreadPoolExecutor(CLIENTS) as pool:
                    list(pool.map(Client.work, clients, first))
                print(f"after {(fifth + 1) * part:6d} requests   {resident(process.pid):7.1f} MB", flush=True)
        finally:
            process.terminate()
        times = np.array([value for client in clients for value in client.times]) * 1000
        told = f"median {np.median(times):.1f} ms   95th percentile {np.percentile(times, 95):.1f} ms"
        print(f"cached files   {told}   ({len(times)} requests, {CLIENTS} at once)")


if __name__ == "__main__":
    main()
