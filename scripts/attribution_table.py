"""Rewrites the tables of docs/attribution.md: every method of the registry, what it promises (asked on small networks), its oracle, its cost.

    python scripts/attribution_table.py [--measure] [--network squeezenet1_1] [--threads 2]

With `--measure` the costs, too: seconds of one 224x224 photograph over those of a forward pass, both after a warm-up, with the method's
default settings; without it they stay as they are on the page. Weights are random: time does not depend on them.
"""

from __future__ import annotations

import argparse
import importlib
import re
import statistics
import time
import warnings
from pathlib import Path

import torch

from optogram.attribution._attribute import METHODS, attribute
from optogram.testing.promises import promises

PAGE = Path(__file__).parents[1] / "docs" / "attribution.md"
TABLE = re.compile(r"(?<=<!-- methods -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEAD = "| method | it shows | source | promises | refuses | held by | passes |\n| --- | --- | --- | --- | --- | --- | --- |\n"
CITED = re.compile(r"[A-Z][\w-]+(?:(?:,| &| et al\.)? (?:[A-Z][\w-]+)?)* ?\d{4}")
ORACLES = {
    "ablation_cam": ("ablation_cam", "a loop, each unit silenced by itself"),
    "attention_relevance": ("attention_relevance", "written out for attention in three ways"),
    "attention_rollout": ("attention_rollout", "written out for attention in three ways"),
    "blur_integrated_gradients": ("averaged", "the integral over scales, with dense blurs"),
    "conductance": ("hidden", "captum; completeness"),
    "deconvnet": ("deconvnet", "matrices; captum"),
    "deeplift": ("deeplift", "matrices; captum; the paper's example"),
    "eigen_cam": ("eigen_cam", "power iteration"),
    "excitation_backprop": ("excitation_backprop", "matrices; probabilities"),
    "expected_gradients": ("averaged", "closed form; integrated gradients"),
    "extremal_perturbation": ("extremal_perturbation", "planted regions; areas"),
    "feature_ablation": ("coalitions", "each part by itself; closed form"),
    "full_grad": ("full_grad", "terms written out; their exact sum"),
    "grad_cam": ("grad_cam", "NumPy; grad-cam"),
    "grad_cam_plus_plus": ("grad_cam_plus_plus", "written out; grad-cam"),
    "gradient": ("gradient", "finite differences; captum"),
    "guided_backprop": ("guided_backprop", "matrices, for every rectifier; captum"),
    "guided_grad_cam": ("guided_grad_cam", "its two maps; captum"),
    "guided_integrated_gradients": ("guided_integrated_gradients", "the paper's algorithm, pixel by pixel"),
    "hires_cam": ("hires_cam", "written out; grad-cam"),
    "hsic": ("hsic", "matrices and a double sum"),
    "input_x_gradient": ("input_x_gradient", "closed form; captum"),
    "integrated_gradients": ("integrated_gradients", "closed forms; captum"),
    "internal_influence": ("hidden", "captum"),
    "kernel_shap": ("coalitions", "all coalitions counted out"),
    "layer_cam": ("layer_cam", "written out; grad-cam"),
    "lime": ("coalitions", "scikit-learn's regression"),
    "lrp": ("lrp", "relevances in matrices; zennit"),
    "occlusion": ("occlusion", "window by window; captum"),
    "positive_paths": ("positive_paths", "all paths counted out"),
    "rise": ("rise", "a slow loop; a planted object"),
    "score_cam": ("score_cam", "a loop, one masked photograph at a time"),
    "shapley_sampling": ("coalitions", "all coalitions counted out"),
    "smoothgrad": ("smoothgrad", "the same noise, written out"),
    "sobol": ("sobol", "closed forms; slow loops"),
    "squaregrad": ("averaged", "the same noise, written out"),
    "vargrad": ("averaged", "the same noise, written out"),
    "xgrad_cam": ("xgrad_cam", "written out; the sum of its axioms; grad-cam"),
}
"""Where in tests/attribution each method is compared with something independent, and with what."""


def source_of(name: str) -> str:
    """The first paper that the method's file names."""
    told = importlib.import_module(METHODS.get(name).__module__).__doc__ or ""
    found = CITED.search(" ".join(told.partition("\n\n")[2].split()))
    return found[0] if found else ""


def row(name: str, cost: str) -> str:
    """A method's line."""
    told, (place, oracle) = promises(name), ORACLES[name]
    summary = METHODS.summary(name).partition(": ")[2].rstrip(".")
    words = "; ".join(part for part in (told.words, "" if told.hidden else "pixels only") if part)
    cells = (f"`{name}`", summary, source_of(name), words, ", ".join(told.refused), f"[{oracle}](../tests/attribution/test_{place}.py)", cost)
    return f"| {' | '.join(cells)} |"


def costs_on(text: str) -> dict[str, str]:
    """Those that the page has."""
    return dict(re.findall(r"(?m)^\| `(\w+)` .*\| ([^|]*) \|$", text))


def measured(network: str) -> dict[str, str]:
    """In forward passes of one photograph; a transformer stands in where there is no attention."""
    from optogram.images.preprocess import Preprocess
    from optogram.network._torchvision import open_torchvision
    from optogram.network.network import Network

    found = {}
    for name in METHODS.names():
        kind = "vit_b_32" if name.startswith("attention") else network
        net = Network(getattr(open_torchvision().models, kind)(weights=None).eval(), Preprocess())
        settings = {"source": net.sites()[len(net.sites()) // 2].address} if name in ("conductance", "internal_influence") else {}
        image = torch.rand(1, 3, 224, 224)

        def run(name: str = name, net: Network = net, image: torch.Tensor = image, settings: dict[str, str] = settings) -> None:
            attribute(net, image, "output:5", name, progress=False, **settings)

        def once(net: Network = net, image: torch.Tensor = image) -> None:
            with torch.no_grad(), net.tap("output"):
                net.run(image)

        unit = statistics.median(_seconds(once) for _ in range(7))
        first = _seconds(run)
        best = min([first, *(_seconds(run) for _ in range(2 if first < 2 else 0))])
        found[name] = f"{best / unit:.1f}" if best < 10 * unit else f"{best / unit:.0f}"
        print(f"{name:28s} {found[name]:>6} passes   {best:.2f} s", flush=True)
    return found


def _seconds(call: object) -> float:
    start = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - start


def table(text: str, costs: dict[str, str]) -> str:
    """The page with its table as it should be."""
    lines = "".join(f"{row(name, costs.get(name, ''))}\n" for name in METHODS.names())
    return TABLE.sub(lambda _: HEAD + lines, text)


def main() -> None:
    """Rewrites the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--network", default="squeezenet1_1")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(table(text, costs_on(text) | (measured(given.network) if given.measure else {})), encoding="utf-8")


if __name__ == "__main__":
    main()
