"""Convolution and cross-correlation in one, two and more dimensions, the size of their output, and what zero padding does at the border."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from PIL import Image

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid, stacked
from optogram.evenly import evenly
from optogram.images.photos import Photos
from optogram.lab._convolve import convolve, correlate, placed, reversed_, size
from optogram.lab._result import Finding, LabResult, made_by, percent
from optogram.lab._show import even
from optogram.lab._sources import EMBEDDED, network_or_demo, photographs, squares
from optogram.network.network import Network
from optogram.network.receptive_field import fields_of
from optogram.network.site import Site
from optogram.progress import Progress, track

SIZES = ((100, 5, 1, 96), (100, 5, 2, 48), (100, 4, 2, 49))
"""Inputs, kernel, stride, and the outputs that they must give."""
RANGE = (range(1, 31), range(1, 8), range(1, 5), range(4), range(1, 4))
"""Inputs, kernels, strides, paddings and dilations over which the rule is compared with counting."""
TOUCHED = 1e-4
"""A place is changed by the border where its units differ by more than this share of their spread."""
SITES = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvolutionResult(LabResult):
    """`signal`, `kernel`, `convolved`, `correlated`: one photograph's row of pixels and a step, and the same in two dimensions (`..._2d`).

    `change_0` ...: per site, how much padding changes each place (root mean square over photographs and units, in their standard deviations);
    `inside_0` ...: whether the place's field lies within the image.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("signal", "kernel", "convolved", "correlated", "signal_2d", "kernel_2d", "convolved_2d", "correlated_2d", "change", "inside"),
    )
    signal: Float[np.ndarray, " place"]
    kernel: Float[np.ndarray, " window"]
    convolved: Float[np.ndarray, " output"]
    correlated: Float[np.ndarray, " output"]
    signal_2d: Float[np.ndarray, "row column"]
    kernel_2d: Float[np.ndarray, "height width"]
    convolved_2d: Float[np.ndarray, "rows columns"]
    correlated_2d: Float[np.ndarray, "rows columns"]
    sites: tuple[str, ...]
    change: tuple[Float[np.ndarray, "_ _"], ...]
    inside: tuple[Bool[np.ndarray, "_ _"], ...]

    def pictures(self) -> dict[str, Image.Image]:
        """One and two dimensions side by side; the border, site by site."""
        return {"dimensions": stacked([self._one(), self._two()]), "border": self._border()}

    def _one(self) -> Image.Image:
        start = len(self.kernel) // 2
        places = (np.arange(len(self.convolved)) + start).tolist()
        return curves(
            {
                "signal": (list(range(len(self.signal))), self.signal.tolist()),
                "cross-correlation": (places, self.correlated.tolist()),
                "convolution": (places, self.convolved.tolist()),
            },
            across="pixel of one row of a photograph",
            up="value",
            title=f"One dimension: the kernel ({', '.join(f'{entry:g}' for entry in self.kernel)}) slides over a row of pixels",
            width=560,
        )

    def _two(self) -> Image.Image:
        pictures = [self.signal_2d, signed(self.kernel_2d), signed(self.correlated_2d), signed(self.convolved_2d)]
        captions = [f"{self.signal_2d.shape[0]} x {self.signal_2d.shape[1]}", f"{len(self.kernel_2d)} x {len(self.kernel_2d)}"]
        captions += [f"{rows} x {columns}" for rows, columns in (self.correlated_2d.shape, self.convolved_2d.shape)]
        note = "Each is the other with the kernel turned by half a turn. Blue is negative, orange positive."
        heads = ["photograph", "kernel", "cross-correlation", "convolution"]
        return grid(even(pictures, 190), heads=heads, captions=captions, note=note, title="Two dimensions", cell=190)

    def _border(self) -> Image.Image:
        limit = max(float(change.max()) for change in self.change)
        maps = [signed(change, limit or 1.0) for change in self.change]
        captions = []
        for change, inside in zip(self.change, self.inside, strict=True):
            touched = percent(float((change > TOUCHED).mean()))
            captions.append(f"{change.shape[0]} x {change.shape[1]} places, {touched} changed; {percent(float(inside.mean()))} see no border")
        note = (
            f"Orange: how much units differ from those that see what really lies beyond the border; full colour is {limit:.2g} standard deviations."
        )
        return grid(
            even(maps, 190), heads=list(self.sites), captions=captions, title="What zero padding does", note=note, columns=len(maps), cell=190
        )


def convolution(
    images: Photos | None = None,
    *,
    network: Network | None = None,
    count: Annotated[int, "Photographs on which the border is measured."] = 16,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> ConvolutionResult:
    """Convolves, correlates, counts outputs, and measures how far zero padding reaches into a network.

    The border: each photograph is shown cut off at the input's border, and with what really lies beyond it; both at the same places. By default on
    the demo network's filters with zero padding added, since it has none.
    """
    count = min(count, 6) if quick else count
    pictures = photographs(images, count, seed)
    gray = squares(pictures[:1], 64, 1)[0, 0].double().numpy()
    step, edge = np.array([1.0, 0.0, 0.0, -1.0, -2.0]) / 2, np.outer([1.0, 2.0, 3.0, 2.0, 1.0], [1.0, 0.5, 0.0, -0.5, -1.0])
    padded = _padded(network) if network is None else network
    sites = evenly([site for site in padded.sites() if site.layout == "spatial"], SITES)
    with track("convolution", len(sites), progress) as advance:
        border = _border(padded, sites, pictures, advance)
    findings = (
        *_dimensions(seed),
        *_sizes(),
        *(_border_finding(site, *entry) for site, entry in zip(sites, border, strict=True)),
    )
    return ConvolutionResult(
        findings=findings,
        provenance=made_by("convolution", seed=seed, settings={"count": count}, images=EMBEDDED if images is None else images, network=padded),
        signal=gray[32],
        kernel=step,
        convolved=convolve(gray[32], step),
        correlated=correlate(gray[32], step),
        signal_2d=gray,
        kernel_2d=edge,
        convolved_2d=convolve(gray, edge),
        correlated_2d=correlate(gray, edge),
        sites=tuple(site.address for site in sites),
        change=tuple(change for change, _ in border),
        inside=tuple(inside for _, inside in border),
    )


def _dimensions(seed: int) -> list[Finding]:
    """Both operations, written out, against torch's in one to three dimensions, and each as the other reversed in one to four."""
    random = np.random.default_rng(seed)
    against, turned, swapped = [], [], []
    for axes in (1, 2, 3, 4):
        signal, kernel = random.standard_normal([9, 8, 7, 6][:axes]), random.standard_normal([3, 2, 4, 3][:axes])
        turned.append(np.abs(convolve(signal, kernel) - correlate(signal, reversed_(kernel))).max())
        swapped.append(np.abs(_whole(signal, kernel) - _whole(kernel, signal)).max())
        if axes < 4:
            library = getattr(F, f"conv{axes}d")(*(torch.from_numpy(part)[None, None] for part in (signal, kernel)), stride=2, padding=1, dilation=2)
            against.append(np.abs(library[0, 0].numpy() - correlate(signal, kernel, 2, 1, 2)).max())
    said = "Cross-correlation written out differs from torch's conv1d, conv2d and conv3d by at most"
    return [
        Finding("as_torch", float(max(against)), f"{said} {max(against):.0e} (stride 2, padding 1, dilation 2)."),
        Finding(
            "reversed",
            float(max(turned)),
            f"Convolution is cross-correlation with the kernel reversed along every axis: differs by {max(turned):.0e}.",
        ),
        Finding(
            "commutes",
            float(max(swapped)),
            f"Signal and kernel may change places in a convolution: differs by at most {max(swapped):.0e} in one to four dimensions.",
        ),
    ]


def _whole(signal: Float[np.ndarray, "*place"], kernel: Float[np.ndarray, "*window"]) -> Float[np.ndarray, "*output"]:
    """The whole convolution: every place at which signal and kernel touch."""
    return convolve(np.pad(signal, [(width - 1, width - 1) for width in kernel.shape]), kernel)


def _sizes() -> list[Finding]:
    tried = list(itertools.product(*RANGE))
    agreed = sum(size(*setting) == placed(*setting) for setting in tried)
    found = [
        Finding(
            f"size_{inputs}_{kernel}_{stride}",
            float(size(inputs, kernel, stride)),
            f"{inputs} inputs, a kernel of {kernel} and stride {stride} give {size(inputs, kernel, stride)} outputs: "
            f"({inputs} - {kernel} + 1) / {stride} = {(inputs - kernel + 1) / stride:g}, rounded up.",
            control=float(math.ceil((inputs - kernel + 1) / stride)),
        )
        for inputs, kernel, stride, _ in SIZES
    ]
    return [
        *found,
        Finding("size_rule", agreed / len(tried), f"{agreed:,} of {len(tried):,} settings are counted right by the rule."),
    ]


def _padded(network: Network | None) -> Network:
    """The demo network with half a kernel of zeros around the input of every convolution."""
    demo = network_or_demo(network)
    module = copy.deepcopy(demo.module)
    for part in module.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.padding = tuple(side // 2 for side in part.kernel_size)
    return Network(module, demo.preprocess, name=f"{demo.name}, zero-padded")


def _border(
    network: Network, sites: list[Site], pictures: list[Image.Image], advance: Callable[[int], None]
) -> list[tuple[Float[np.ndarray, "_ _"], Bool[np.ndarray, "_ _"]]]:
    fields = fields_of(network, sites)
    strides = [max(fields[site.address].stride or (1, 1)) for site in sites]
    margin = math.lcm(*strides) * max(1, -(-max(network.input_size) // (4 * math.lcm(*strides))))
    side = max(network.input_size)
    beyond = squares(pictures, side + 2 * margin, network.channels)
    cut = beyond[:, :, margin:-margin, margin:-margin]
    found = []
    for site, stride in zip(sites, strides, strict=True):
        near, far = network.read(site, cut), network.read(site, beyond)
        rows, columns = near.shape[2:]
        shift = margin // stride
        difference = (near - far[:, :, shift : shift + rows, shift : shift + columns]).square().mean(dim=(0, 1)).sqrt() / near.std()
        boxes = fields[site.address].boxes().reshape(rows, columns, 4)
        inside: np.ndarray = np.all((boxes[..., :2] >= 0) & (boxes[..., 2:] <= side), axis=2)
        found.append((difference.double().numpy(), inside))
        advance(1)
    return found


def _border_finding(site: Site, change: Float[np.ndarray, "rows columns"], inside: np.ndarray) -> Finding:
    touched, places = int((change > TOUCHED).sum()), change.size
    rim = np.ones(change.shape, bool)
    rim[1:-1, 1:-1] = False
    within = float(change[inside].max()) if inside.any() else 0.0
    return Finding(
        f"border_{site.address}",
        touched / places,
        f"{touched} of {places} places of {site.address} are changed by the zeros beyond the border, by {change[rim].mean():.2f} standard deviations "
        f"at the rim; the {int(inside.sum())} places whose field lies inside differ by at most {within:.0e}.",
        control=1 - float(inside.mean()),
    )
