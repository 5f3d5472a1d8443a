"""Rewrites what docs/labs shows of the labs' quick runs: in each tutorial the printed output, and its figure (WebP).

    python scripts/lab_tutorials.py [LAB...] [--kept DIR]

Labs whose results already lie in DIR (`optogram lab LAB --quick --out DIR/LAB`) are not run again. Numbers in a tutorial's prose
are not rewritten: read it again where the output has changed.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

from PIL import Image

from optogram.registry import Registry

FIGURES = {
    "vectors": "vectors",
    "neighbours": "nearest",
    "templates": "templates",
    "hidden": "units",
    "xor": "surfaces",
    "folding": "planes",
    "parameters": "hypernetwork",
    "motifs-1d": "motif",
    "motifs-2d": "learned",
    "convolution": "dimensions",
    "noise": "photographs",
    "depth": "steps",
    "hierarchy": "path",
    "gabor": "fits",
    "tuning": "unit",
    "sta": "filters",
    "invariance": "curves",
    "fields": "growth",
    "salmon": "slices",
    "psychophysics": "choices",
    "greybox": "queries",
    "neocognitron": "tolerance",
}
"""The figure that each tutorial shows."""
WIDEST, QUALITY = 900, 70
LABS = Registry("optogram.lab", "lab")
PAGES = Path(__file__).parents[1] / "docs" / "labs"
PRINTED = re.compile(r"(?<=```text\n).*?(?=```)", re.DOTALL)


def kept(lab: str, folder: Path) -> tuple[str, Image.Image]:
    """What the lab's quick run printed, and the tutorial's figure; runs it if the folder holds no result of it."""
    name = lab.replace("-", "_")
    if not (folder / f"{name}.json").exists():
        LABS.get(name)(quick=True).keep(folder)
    findings = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["findings"]
    return "".join(f"{found['sentence']}\n" for found in findings), Image.open(folder / f"{name}-{FIGURES[lab]}.png").convert("RGB")


def main() -> None:
    """Rewrites the tutorials that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", choices=[[], *FIGURES], metavar="LAB")
    parser.add_argument("--kept", type=Path)
    given = parser.parse_args()
    folder = given.kept or Path(tempfile.mkdtemp())
    for lab in given.labs or FIGURES:
        printed, figure = kept(lab, folder / lab)
        page = PAGES / f"{lab}.md"
        text = page.read_text(encoding="utf-8")
        page.write_text(PRINTED.sub(lambda _, printed=printed: printed, text, count=1), encoding="utf-8")
        figure.thumbnail((WIDEST, figure.height), Image.Resampling.LANCZOS)
        figure.save(PAGES / f"{lab}.webp", quality=QUALITY, method=6)
        print(f"{lab}: {figure.width} x {figure.height}, {(PAGES / f'{lab}.webp').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
