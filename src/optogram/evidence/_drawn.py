"""Pictures of a site's units, synthesised alike in the network and in every twin, and how the viewer finds the patches like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import SettingError
from optogram.evidence._rules import DRAWING, rules
from optogram.evidence._scene import Recorder, Scene
from optogram.evidence._view import SiteView, resized
from optogram.evidence._viewers import Viewer
from optogram.geometry import Box
from optogram.network.network import Network
from optogram.network.site import Unit

BATCH = 32


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pictures of the units `units`, which are numbers at the site, ascending.

    `likeness`: cosine of each patch with each picture, in the viewer's eyes; NaN where a picture is not finite. `reached`: the response
    of the neuron in the middle to its picture. `verdict`: what synthesis says of each.
    """

    units: Int[np.ndarray, " shown"]
    likeness: Float[np.ndarray, "patch shown"]
    reached: Float[np.ndarray, " shown"]
    verdict: tuple[str, ...]
    pictures: tuple[Float[np.ndarray, "channel _ _"], ...]

    def over(self, count: int, values: Float[np.ndarray, "... shown"]) -> Float[np.ndarray, "... unit"]:
        """Values of the units that have pictures, among all of the site's; NaN for the others."""
        found = np.full((*values.shape[:-1], count), np.nan, np.float32)
        found[..., self.units] = values
        return found


@dataclass(frozen=True, slots=True)
class Drawing(Recorder):
    """One picture a chosen unit: of the neuron in the middle, raised or lowered, from the `start`-th start."""

    lowered: bool = False
    start: int = 0

    def record(self, network: Network, view: SiteView, scene: Scene) -> Drawn:
        """Makes the pictures and shows them to the viewer at the scale at which it sees patches.

        Costs `making.steps` passes there and back of all pictures, cut to the receptive field where it has at most 128 pixels; pictures
        that `scene.keep` holds, made for another viewer, are not made again.
        """
        chosen = scene.making.chosen(view.site, view.alive, scene.seed)
        if not len(chosen):
            return Drawn(chosen, np.zeros((len(view.responses), 0), np.float32), np.zeros(0, np.float32), (), ())
        told = (
            rules(DRAWING),
            network.weights_hash,
            repr(network.preprocess),
            view.site.address,
            chosen.tolist(),
            str(scene.making),
            self.lowered,
            self._seed(scene),
        )
        path = None if scene.keep is None else scene.keep / f"pictures-{blake2b(repr(told).encode(), digest_size=10).hexdigest()}.npz"
        if path is None or not path.exists():
            made = self._made(network, view, scene, chosen)
            if path is not None:
                _write(path, made)
        else:
            made = _read(path)
        finite = np.array([bool(np.isfinite(picture).all()) for picture in made.pictures])
        likeness = seen(scene.viewer, made.pictures, scene.field, view)
        return Drawn(chosen, np.where(finite, likeness, np.nan), made.reached, made.verdict, made.pictures)

    def _seed(self, scene: Scene) -> int:
        return scene.seed + self.start

    def _made(self, network: Network, view: SiteView, scene: Scene, chosen: Int[np.ndarray, " shown"]) -> Made:
        from optogram.synthesis.objectives.neuron import neuron
        from optogram.synthesis.synthesize import synthesize

        site = network.site(view.site.address)
        goals = [neuron(Unit(site, int(index))) for index in chosen]
        found = synthesize(
            network,
            [-goal for goal in goals] if self.lowered else goals,
            steps=scene.making.steps,
            seed=self._seed(scene),
            progress=False,
            **{"batch_size": BATCH, **scene.making.settings},
        )
        return Made(tuple(found.image(index) for index in range(len(found))), found.activations, found.verdict)


@dataclass(frozen=True, slots=True)
class Made:
    """Pictures as they came, before any viewer sees them."""

    pictures: tuple[Float[np.ndarray, "channel _ _"], ...]
    reached: Float[np.ndarray, " shown"]
    verdict: tuple[str, ...]


def _write(path: Path, made: Made) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pictures = {f"picture{number}": picture for number, picture in enumerate(made.pictures)}
    with partial.open("wb") as file:
        np.savez(file, reached=made.reached, verdict=np.array(made.verdict), **pictures)  # type: ignore[arg-type]
    partial.replace(path)


def _read(path: Path) -> Made:
    with np.load(path) as kept:
        pictures = tuple(kept[f"picture{number}"] for number in range(len(kept["reached"])))
        return Made(pictures, kept["reached"], tuple(str(word) for word in kept["verdict"]))


def seen(viewer: Viewer, pictures: Sequence[Float[np.ndarray, "channel _ _"]], field: Box, view: SiteView) -> Float[np.ndarray, "patch shown"]:
    """How like each picture the viewer finds each patch: pictures lie in the middle of a frame as large as the patches' boxes, gray around."""
    if view.patches.gaze is None:
        raise SettingError("to compare pictures with patches, the viewer's gaze must be kept: site_views(..., keep=True)")
    shown = []
    for picture in pictures:
        pixels = (np.nan_to_num(picture, nan=0.5).clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)
        top, left = (pixels.shape[0] - field.height) // 2, (pixels.shape[1] - field.width) // 2
        shown.append(resized(pixels, Box(top, left, top + field.height, left + field.width), viewer.side))
    return view.patches.gaze.likeness(viewer.features(np.stack(shown)))


raised = Drawing("raised")
lowered = Drawing("lowered", lowered=True)
again = Drawing("again", start=1, twins=False)
"""The network's own pictures from another start, by other transforms; what is asked of them says nothing about learning."""
