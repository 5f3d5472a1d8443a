"""Why the gradient is noisy: paths of both signs that cancel, written out by hand and counted pixel by pixel on a real network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from optogram.attribution._attribute import attribute
from optogram.drawing.colour import limit_of, signed, unsigned
from optogram.drawing.sheet import grid
from optogram.evenly import evenly
from optogram.images.photos import Photos
from optogram.images.preprocess import Preprocess
from optogram.lab._cancellation import Left, as_box, inside, left_at, over_photographs
from optogram.lab._noise_figures import Level, hand_figure, levels_figure
from optogram.lab._paths import PIXELS, Larger, all_paths, written_out
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._show import even
from optogram.lab._sources import EMBEDDED, network_or_demo, photographs, squares
from optogram.network.network import Network
from optogram.progress import Progress, track

METHODS = ("gradient", "smoothgrad", "guided_backprop", "positive_paths")
OBJECTS = {
    "astronaut": (0.0, 0.22, 0.55, 0.68),
    "chelsea": (0.05, 0.1, 0.95, 0.95),
    "coffee": (0.15, 0.2, 0.9, 0.75),
    "rocket": (0.1, 0.4, 0.95, 0.6),
    "flower": (0.1, 0.2, 0.8, 0.85),
    "motorcycle": (0.2, 0.1, 0.9, 0.9),
}
"""Boxes around the thing that the photograph is of, set by hand: top, left, bottom, right as shares of its central square."""
MIDDLE = (0.25, 0.25, 0.75, 0.75)


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseResult(LabResult):
    """`targets` by address, `names` with the class's name.

    `maps[method, photo, row, column]`: gradient, SmoothGrad, guided backprop and positive paths, channels summed.

    `cancellation[photo, row, column]`: |sum of signed paths| / sum of |paths|, channels summed: 1 where no path cancels another, near 0 where nearly
    all do; `on_object`: which pixels lie in the box. `layers`, `layers_twin`: the same at each site's units, of the network and of a shuffled twin;
    `layers_on`, `layers_off` [site, photo]: on the object and off it, NaN where a site has no unit there.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("shown", "maps", "cancellation", "on_object"),
        *("layers", "layers_twin", "layers_on", "layers_off", "hand"),
    )
    shown: Float[np.ndarray, "photo row column channel"]
    targets: tuple[str, ...]
    names: tuple[str, ...]
    maps: Float[np.ndarray, "method photo row column"]
    cancellation: Float[np.ndarray, "photo row column"]
    on_object: Bool[np.ndarray, "photo row column"]
    sites: tuple[str, ...]
    layers: Float[np.ndarray, " site"]
    layers_twin: Float[np.ndarray, " site"]
    layers_on: Float[np.ndarray, "site photo"]
    layers_off: Float[np.ndarray, "site photo"]
    hand: Float[np.ndarray, "output rule 2"]

    def pictures(self) -> dict[str, Image.Image]:
        """The methods side by side; the hand network; cancellation layer by layer."""
        return {"photographs": self._photographs(), "hand": hand_figure(), "layers": self._layers()}

    def _photographs(self) -> Image.Image:
        rows: list[np.ndarray] = []
        for index, photo in enumerate(self.shown):
            drawn = [signed(part[index], limit_of(part[index])) for part in self.maps]
            rows += [photo, *drawn, unsigned(self.cancellation[index])]
        heads = ["photograph", "gradient", "SmoothGrad", "guided backprop", "positive paths", "what is left"]
        note = "Orange raises the unit, blue lowers it; channels summed, each on its own scale. What is left: dark where few paths cancel."
        return grid(even(rows, 124), columns=len(heads), heads=heads, labels=self.names, title="Why the gradient is noisy", note=note, cell=124)

    def _layers(self) -> Image.Image:
        from_pixels = Level("pixels", float(self.cancellation.mean()), *on_and_off(self.cancellation, self.on_object))
        rows = zip(self.sites, self.layers.tolist(), self.layers_on, self.layers_off, self.layers_twin.tolist(), strict=True)
        return levels_figure([from_pixels, *(Level(*row) for row in rows)])


def noise(
    images: Annotated[Photos | None, "Your own photographs."] = None,
    *,
    network: Network | None = None,
    unit: Annotated[str | None, "The class or unit to explain; by default each photograph's greatest class."] = None,
    count: Annotated[int, "Photographs."] = 6,
    box: Annotated[
        tuple[float, ...] | None,
        "Where your photographs' object is: top, left, bottom, right as shares of the central square; by default its middle.",
    ] = None,
    samples: Annotated[int, "Noisy copies for SmoothGrad."] = 24,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> NoiseResult:
    """Writes out the derivatives of a network that computes max and min, then counts cancelling paths on a real one.

    A path's contribution is the product of its weights, if all of its rectifiers are on. The gradient is the sum over paths; the same backward pass
    with |W| gives the sum of their magnitudes.
    """
    count, samples = (min(count, 4), min(samples, 8)) if quick else (count, samples)
    net = network_or_demo(network)
    side = max(net.input_size)
    names = list(OBJECTS)[:count]
    shown = squares(_pictures(images, names, seed, count), side, net.channels)
    boxes = [OBJECTS[name] for name in names] if images is None and box is None else [as_box(box or MIDDLE)] * len(shown)
    targets = [unit or greatest(net, shown[index : index + 1]) for index in range(len(shown))]
    with track("noise", (len(METHODS) + 1) * len(shown), progress) as advance:
        maps = {
            name: np.stack([_map(net, shown[index], targets[index], name, samples, seed, advance) for index in range(len(shown))]) for name in METHODS
        }
        paths = np.stack([_magnitudes(net, shown[index], targets[index], advance) for index in range(len(shown))])
    left = np.abs(maps["gradient"]).sum(axis=1) / np.maximum(paths.sum(axis=1), 1e-30)
    on_object = np.stack([inside(each, (side, side)) for each in boxes])
    sites = _chosen_sites(net, targets[0])
    twin = net.twin("shuffle", seed, shown)
    layers, layers_twin = ([left_at(which, shown, targets, site, boxes) for site in sites] for which in (net, twin))
    where = "in the box given" if box else "in boxes drawn by hand around the object" if images is None else "in the middle of the photograph"
    hand, gap = _by_hand()
    findings = (
        Finding("hand", gap, f"The hand network's {hand.size} derivatives, written out, differ from what the program computes by at most {gap:.0e}."),
        *_cancelled(left, on_object, where),
        *_by_layer(sites, layers, layers_twin),
        *_by_place(sites, layers, where),
    )
    return NoiseResult(
        findings=findings,
        provenance=made_by(
            "noise",
            seed=seed,
            settings={"unit": unit, "count": count, "samples": samples, "box": box},
            images=EMBEDDED if images is None else images,
            network=net,
        ),
        shown=shown.permute(0, 2, 3, 1).numpy(),
        targets=tuple(targets),
        names=tuple(str(net.unit(target)) for target in targets),
        maps=np.stack([maps[name].sum(axis=1) for name in METHODS]),
        cancellation=left,
        on_object=on_object,
        sites=tuple(sites),
        layers=np.array([found.whole for found in layers]),
        layers_twin=np.array([found.whole for found in layers_twin]),
        layers_on=np.stack([found.on for found in layers]),
        layers_off=np.stack([found.off for found in layers]),
        hand=hand,
    )


def greatest(network: Network, image: Float[Tensor, "1 channel row column"]) -> str:
    """The address of the class that the network answers most strongly, at its first head."""
    head = next(site for site in network.sites() if site.layout == "vector" and site.kind in ("linear", "head", "convolution", "output"))
    index = int(network.read(head, image).flatten(1).argmax())
    return f"{head.address}:{index}"


def _pictures(images: Photos | None, names: list[str], seed: int, count: int) -> list[Image.Image]:
    if images is not None:
        return photographs(images, count, seed)
    from optogram.zoo._photographs import photograph

    return [Image.fromarray(photograph(name)) for name in names]


def _map(
    network: Network, image: Tensor, target: str, method: str, samples: int, seed: int, advance: Callable[[int], None]
) -> Float[np.ndarray, "channel row column"]:
    own: dict[str, Any] = {"samples": samples} if method == "smoothgrad" else {}
    found = attribute(network, image[None], target, method, seed=seed, progress=False, **own).values
    advance(1)
    first: np.ndarray = np.asarray(found)[0]
    return first


def _magnitudes(network: Network, image: Tensor, target: str, advance: Callable[[int], None]) -> Float[np.ndarray, "channel row column"]:
    found = attribute(network, image[None], target, all_paths, progress=False).values
    advance(1)
    first: np.ndarray = np.asarray(found)[0]
    return first


def _chosen_sites(network: Network, target: str) -> list[str]:
    """Up to five sites with places, computed before the target, from the first to the last."""
    end = network.unit(target).site.order
    spatial = [site.address for site in network.sites() if site.layout in ("spatial", "channel_last") and site.order < end]
    return evenly(spatial, 5)


def _by_hand() -> tuple[Float[np.ndarray, "output rule 2"], float]:
    """Every derivative as written out, and its greatest difference from the program's, at both orders of the two pixels."""
    network = Network(Larger(), Preprocess(size=(1, 2)), name="hand")
    gaps, hand = [], []
    for first, second in (PIXELS, PIXELS[::-1]):
        written = written_out(first, second)
        image = torch.tensor([first, second]).expand(1, network.channels, 1, 2).contiguous()
        for number, name in enumerate(("max", "min")):
            for rule, expected in written[name].items():
                method = all_paths if rule == "all_paths" else rule
                found = np.asarray(attribute(network, image, f"output:{number}", method, progress=False).values).sum(axis=(0, 1, 2))
                gaps.append(np.abs(found - expected).max())
                hand.append(expected)
    return np.array(hand).reshape(2, 2, -1, 2)[0], float(max(gaps))


def on_and_off(
    left: Float[np.ndarray, "photo row column"], on_object: Bool[np.ndarray, "photo row column"]
) -> tuple[Float[np.ndarray, " photo"], Float[np.ndarray, " photo"]]:
    """Each photograph's mean over the pixels in its box, and over the others."""
    on, off = (np.array([part[mask == wanted].mean() for part, mask in zip(left, on_object, strict=True)]) for wanted in (True, False))
    return on, off


def _cancelled(left: np.ndarray, on_object: np.ndarray, where: str) -> list[Finding]:
    on, off = on_and_off(left, on_object)
    each = left.mean(axis=(1, 2))
    low, high = over_photographs(each)
    less = int((on > off).sum())
    return [
        Finding(
            "left_at_pixels",
            float(each.mean()),
            f"{each.mean():.1%} of the paths' magnitude is left at a pixel of {len(each)} photographs; the rest cancels.",
            low=low,
            high=high,
        ),
        Finding(
            "left_on_object",
            float(on.mean()),
            f"{on.mean():.1%} is left {where}, {off.mean():.1%} elsewhere; more on the object in {less} of {len(on)} photographs.",
            control=float(off.mean()),
        ),
    ]


def _by_layer(sites: list[str], layers: list[Left], twin: list[Left]) -> list[Finding]:
    return [
        Finding(
            f"left_at_{site}",
            own.whole,
            f"{own.whole:.1%} of the paths' magnitude is left at {site}; {other.whole:.1%} in a twin with shuffled weights.",
            control=other.whole,
        )
        for site, own, other in zip(sites, layers, twin, strict=True)
    ]


def _by_place(sites: list[str], layers: list[Left], where: str) -> list[Finding]:
    """Of the units that sit on the thing and of the rest, at each site that has both."""
    listed = []
    for site, found in zip(sites, layers, strict=True):
        on, off = found.on[found.told], found.off[found.told]
        if len(on):
            said = (
                f"At {site} {on.mean():.1%} is left {where}, {off.mean():.1%} elsewhere; more on the object in {(on > off).sum()} of {len(on)} "
                "photographs."
            )
            listed.append(Finding(f"on_object_at_{site}", float(on.mean()), said, control=float(off.mean())))
    return listed
