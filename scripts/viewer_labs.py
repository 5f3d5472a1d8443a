"""Writes what the viewer's lab pages start from, and what Python's labs say of it, so that the pages' own computing can be tested.

`python scripts/viewer_labs.py` writes web/src/lab/data.json (embedded in the pages: a folding network, a photograph's pixels, templates with new
pictures, a network's first filters) and web/src/lab/expected.json (read by tests alone).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

FOLDER = Path(__file__).parents[1] / "web" / "src" / "lab"
PICTURES = 200
"""New pictures a reader may show to the templates."""


def main() -> None:
    """Writes both files."""
    data: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    for name, make in (("folding", folding), ("convolution", convolution), ("templates", templates), ("noise", noise), ("tuning", tuning)):
        data[name], expected[name] = make()
    expected["auc"] = marks()
    (FOLDER / "data.json").write_text(json.dumps(data, separators=(",", ":")) + "\n")
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def folding() -> tuple[dict[str, Any], dict[str, Any]]:
    """The network that `optogram lab folding` draws, and its pieces."""
    from optogram.lab._cells import folded
    from optogram.lab.folding import folding

    found = folding(widths=(2,), depths=(2,), progress=False)
    layers = [{"weights": weight.tolist(), "biases": bias.tolist()} for weight, bias in found.layers]
    data = {"layers": layers, "points": np.round(found.points, 4).tolist(), "classes": found.classes.tolist()}
    planted = [{"weights": (weight + 0.0).tolist(), "biases": (bias + 0.0).tolist()} for weight, bias in folded(4)]
    said = {name: found.finding(name).sentence for name in ("patterns_4", "areas", "on_a_line", "on_a_point")}
    return data, {"pieces": found.pieces.tolist(), "planted": found.planted.tolist(), "folds": planted, "ranks": found.ranks.tolist(), "said": said}


def convolution() -> tuple[dict[str, Any], dict[str, Any]]:
    """One photograph's gray pixels in bytes, and both operations on them."""
    from optogram.lab._convolve import convolve, correlate
    from optogram.lab.convolution import convolution

    found = convolution(quick=True, progress=False)
    gray = np.round(255 * found.signal_2d).astype(np.uint8)
    pixels = gray / 255
    step, edge = found.kernel, found.kernel_2d
    said = [one.sentence for one in found.findings if one.name.startswith("size")]
    expected = {
        "row": correlate(pixels[32], step, 2, 1, 2).tolist(),
        "turned": convolve(pixels[32], step).tolist(),
        "plane": correlate(pixels, edge, 2, 1, 1)[::5, ::5].tolist(),
        "plane_turned": convolve(pixels, edge)[::9, ::9].tolist(),
        "said": said,
    }
    return {"pixels": _bytes(gray), "side": len(gray), "row": 32, "kernel": step.tolist(), "kernel_2d": edge.tolist()}, expected


def templates() -> tuple[dict[str, Any], dict[str, Any]]:
    """Templates of the digits at five strengths of weight decay, and the first new pictures."""
    from optogram.lab._collection import collection
    from optogram.lab.templates import DECAYS, templates

    found = templates(progress=False)
    digits = collection(None, "digits", 8, 0)
    known, classes = digits.part(held_out=False), digits.part(held_out=True)[1][:PICTURES]
    new = digits.part(held_out=True)[0][:PICTURES]
    sixteenths = np.round(16 * new).astype(np.uint8)
    limit = np.abs(found.templates).max(axis=(1, 2, 3))
    quantised = np.round(127 * found.templates / limit[:, None, None, None]).astype(np.int8)
    mean, sd = float(known[0].mean()), float(known[0].std())
    shown = (sixteenths / 16 - mean) / sd
    values = quantised * (limit / 127)[:, None, None, None]
    scores = np.einsum("pk,dck->dpc", shown, values.reshape(len(DECAYS), len(digits.names), -1))
    data = {
        "decays": list(DECAYS),
        "names": list(digits.names),
        "side": digits.side,
        "limits": limit.tolist(),
        "templates": _bytes(quantised),
        "pictures": _bytes(sixteenths),
        "classes": classes.tolist(),
        "mean": mean,
        "sd": sd,
        "of": int(digits.held_out.sum()),
        "new": found.new.tolist(),
        "known": found.known.tolist(),
        "smooth": found.smooth.tolist(),
        "said": [one.sentence for one in found.findings],
    }
    return data, {"right": (scores.argmax(axis=2) == classes).sum(axis=1).tolist(), "scores": scores[2, 3].tolist()}


def noise() -> tuple[dict[str, Any], dict[str, Any]]:
    """Every derivative of the hand network, written out, at some pixels."""
    from optogram.lab._paths import written_out

    places = [(0.8, 0.4), (0.4, 0.8), (0.9, 0.1), (0.2, 0.3)]
    return {}, {"written": [{"x": place, "rules": written_out(*place)} for place in places]}


def tuning() -> tuple[dict[str, Any], dict[str, Any]]:
    """The demo network's first filters (channels summed, since bars are gray), and what it answers to bars and gratings."""
    from optogram.physiology.curves import circular_variance, half_width, mean_orientation, modulation
    from optogram.physiology.electrode import electrode
    from optogram.physiology.gratings import bar, grating
    from optogram.weights.weight_images import weight_images
    from optogram.zoo.photonet import photonet

    network = photonet()
    site = network.sites()[0].address
    images = weight_images(network, site)
    gray = images.values.sum(axis=1)
    limits = np.abs(gray).max(axis=(1, 2))
    quantised = np.round(32767 * gray / limits[:, None, None]).astype("<i2")
    side = gray.shape[1]
    data = {"site": site, "side": side, "limits": limits.tolist(), "filters": _bytes(quantised), "bias": images.bias.tolist()}
    probe = electrode(network, site)
    angles, offsets = np.arange(12) * 15.0, np.array([-2.0, 0.0, 1.5])
    bars = np.stack([probe.respond(bar(probe.size, angle, 2.0, 11.0, offset=offsets, centre=probe.centre)) for angle in angles])
    phases = np.arange(12) * np.pi / 6
    gratings = np.stack([probe.respond(grating(probe.size, angle, 0.2, phases, centre=probe.centre)) for angle in angles])
    units = [int(unit) for unit in np.argsort(-bars.max(axis=(0, 1)))[:6]]
    curves = bars.max(axis=1)[:, units].T
    blank = probe.respond(np.full((1, *probe.size), 0.5, np.float32))[0, units]
    best = gratings.max(axis=1)[:, units].argmax(axis=0)
    drifts = np.stack([gratings[angle, :, unit] for angle, unit in zip(best, units, strict=True)])
    data["units"] = units
    return data, {
        "units": units,
        "offsets": offsets.tolist(),
        "bars": bars[:, :, units].tolist(),
        "gratings": gratings[:, :, units].tolist(),
        "variance": circular_variance(curves, angles).tolist(),
        "orientation": mean_orientation(curves, angles).tolist(),
        "half_width": [half_width(curve, angles) for curve in curves],
        "modulation": [float(value) if np.isfinite(value) else None for value in modulation(drifts, blank)],
        "blank": blank.tolist(),
        "best": best.tolist(),
    }


def marks() -> dict[str, Any]:
    """Areas under the curve of random marks and their variances, some values tied."""
    from optogram.evidence._classes import Ranked, variance_of_auc

    random = np.random.default_rng(0)
    cases = []
    for count, digits in ((12, 6), (30, 1), (48, 0)):
        values, mark = np.round(random.normal(size=count), digits), random.random(count) < 0.4
        area = float(Ranked.of(values[:, None]).auc(mark[:, None])[0, 0])
        cases.append({"values": (values + 0.0).tolist(), "marks": mark.tolist(), "area": area, "spread": variance_of_auc(values, mark)})
    return {"cases": cases}


def _bytes(values: Float[np.ndarray, "..."] | np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


if __name__ == "__main__":
    main()
