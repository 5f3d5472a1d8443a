"""The live bench: a network at hand beside its atlas, asked about photographs and units one thing at a time."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from optogram.atlas.gallery import as_image, at_rest, drawn_map, photograph, predictions
from optogram.atlas.open import Atlas
from optogram.atlas.schema import DrawnMap
from optogram.atlas.seen import Usual, seen
from optogram.atlas.sprites import webp
from optogram.atlas.usual import usual_of_table
from optogram.attribution._attribute import METHODS
from optogram.errors import NonFiniteError, StaleError
from optogram.network.network import Network
from optogram.network.receptive_field import fields_of
from optogram.serve.asked import Attribute, Look, Synthesize
from optogram.serve.jobs import Job, Jobs, Limits, Work
from optogram.serve.photographs import Dropped, Photographs

if TYPE_CHECKING:
    from optogram.synthesis.result import Synthesis

FRAMES_S = 0.15
"""Seconds between two pictures on the way: faster is not seen, and costs the climb."""
CURVE = 64
"""Points of a climb's curve that are told."""


@dataclass(eq=False)
class Bench:
    """A network, the atlas it belongs to, what was dropped on the page, and the queue of what is asked.

    Raises `StaleError` where the atlas is of other weights.
    """

    atlas: Atlas
    network: Network
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        entry = self.atlas.network()
        if entry.weights != self.network.weights_hash:
            raise StaleError(
                f"this atlas is of {entry.name} with the weights {entry.weights}; those loaded are {self.network.weights_hash}: "
                "give the --model, --weights and --preprocess that it was built with"
            )
        self.photographs = Photographs(self.network.preprocess, self.network.channels)
        self.jobs = Jobs(self.limits)
        self._usual: dict[str, Usual] = {}

    @cached_property
    def still(self) -> Network:
        """The network for photographs in the input frame."""
        return at_rest(self.network)

    def describe(self) -> dict[str, Any]:
        """What the page may offer."""
        from optogram.synthesis.recipe import CANVASES, PRESETS

        return {
            "network": self.atlas.network().slug,
            "weights": self.network.weights_hash,
            "device": str(self.network.device),
            "methods": METHODS.names(),
            "canvases": CANVASES.names(),
            "presets": PRESETS.names(),
            "waiting": self.jobs.waiting,
            "limits": {"waiting": self.limits.waiting, "seconds": self.limits.seconds},
        }

    def begin(self, asked: Look | Attribute | Synthesize) -> Job:
        """Puts what is asked into the queue; what cannot be is an error here and now, as far as that is known."""
        if isinstance(asked, Synthesize):
            unit = self.network.unit(asked.target).address
            return self.jobs.add("synthesize", lambda job: self._synthesize(job, asked, unit))
        dropped = self.photographs.get(asked.photograph)
        if isinstance(asked, Look):
            return self.jobs.add("look", lambda job: self._look(job, dropped), dropped.id)
        METHODS.get(asked.method)
        return self.jobs.add("attribute", self._attributed(asked, dropped), dropped.id)

    def _look(self, job: Job, dropped: Dropped) -> dict[str, Any]:
        image = self._image(dropped)
        named = predictions(self.network, image)
        if named is None:
            raise NonFiniteError("the network's answer to this photograph is not finite")
        job.report("looking", 1, 2)
        entries = {site.address for site in self.atlas.network().sites}
        sites = [site for site in self.network.sites(default=False) if site.address in entries]
        rows = seen(self.network, sites, fields_of(self.network, sites), self._usually, image)
        job.private = (named, rows)
        return {
            "photograph": dropped.id,
            "height": dropped.frame.shape[0],
            "width": dropped.frame.shape[1],
            "predictions": [{"address": one.address, "label": one.label, "response": one.response} for one in named],
            "seen": {name: [None if value != value else value for value in column] for name, column in rows.items()},
        }

    def _attributed(self, asked: Attribute, dropped: Dropped) -> Work:
        def work(job: Job) -> dict[str, Any]:
            drawn, values = drawn_map(
                self.still, self._image(dropped), asked.target, asked.method, progress=job.report, settings=dict(asked.settings)
            )
            job.private = (drawn, values)
            return shown_map(drawn, values)

        return work

    def _synthesize(self, job: Job, asked: Synthesize, unit: str) -> dict[str, Any]:
        from optogram.synthesis.synthesize import synthesize

        latest = [0.0]

        def watch(step: int, pictures: Mapping[int, Tensor]) -> None:
            job.check()
            if time.monotonic() - latest[0] < FRAMES_S:
                return
            latest[0] = time.monotonic()
            job.stage = ("synthesis", step, asked.steps)
            job.tell({"event": "frame", "step": step, "steps": asked.steps, "picture": data_url(pictures[0].float().cpu().numpy())})

        wishes: dict[str, Any] = {"canvas": asked.canvas, "preset": asked.preset, "objective": asked.objective, "size": asked.size}
        found = synthesize(self.network, [asked.target], steps=asked.steps, seed=asked.seed, watch=watch, progress=False, **wishes)
        job.private = found
        return {"address": unit, **shown_picture(found)}

    def _image(self, dropped: Dropped) -> Tensor:
        return as_image(dropped.frame).to(self.network.device)

    def _usually(self, site: str) -> Usual:
        if site not in self._usual:
            self._usual[site] = usual_of_table(self.atlas.table(site))
        return self._usual[site]

    def close(self) -> None:
        """Ends what runs."""
        self.jobs.close()


def shown_map(drawn: DrawnMap, values: bytes) -> dict[str, Any]:
    """A map as the page draws it: its entry, and its signed bytes in base 64."""
    return {**drawn.model_dump(), "numbers": base64.b64encode(values).decode()}


def shown_picture(found: Synthesis) -> dict[str, Any]:
    """A synthesised picture, what it reached, and whether it worked."""
    trace = found.trace[0][: found.taken(0)]
    curve = trace[np.linspace(0, len(trace) - 1, min(len(trace), CURVE)).astype(int)]
    return {
        "picture": data_url(found.image(0)),
        "activation": float(found.activations[0]),
        "verdict": found.verdict[0],
        "sentence": found.line(0),
        "steps": found.taken(0),
        "curve": [float(value) if np.isfinite(value) else None for value in curve],
    }


def encoded(picture: np.ndarray) -> bytes:
    """A picture [channel, height, width] in 0..1 as a WebP file."""
    from PIL import Image

    pixels = np.rint(np.clip(np.nan_to_num(picture), 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return webp(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).convert("RGB"))


def data_url(picture: np.ndarray) -> str:
    """A picture as an address that holds it."""
    return f"data:image/webp;base64,{base64.b64encode(encoded(picture)).decode()}"


def shown_photograph(dropped: Dropped) -> bytes:
    """A dropped photograph as the network sees it, as a WebP file."""
    return photograph(dropped.frame)
