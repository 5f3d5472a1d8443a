"""`og.attribute`: one unit's response to photographs, traced back to their pixels or to another site's units."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram import memory
from optogram.attribution._arrays import as_array
from optogram.attribution._memory import rows_at_once, rows_within
from optogram.attribution._photographs import Photographs, read_photographs
from optogram.attribution._question import Answer, Kept, Question
from optogram.attribution._result import Attribution, telling
from optogram.attribution._seen import fields_seen
from optogram.attribution._target import Target, read_target
from optogram.errors import SettingError, unknown
from optogram.geometry import Box
from optogram.progress import Progress
from optogram.registry import Registry
from optogram.result import Provenance

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.site import Site

METHODS = Registry("optogram.attribution", "attribution method")
BATCH_SIZE = 16
"""Rows through the network at a time: more is hardly faster on processors, and memory grows with it."""


@memory.kept()
def attribute(
    network: Network,
    images: Any,
    target: Any,
    method: str | Callable[..., Answer] = "guided_backprop",
    *,
    source: str | Site | None = None,
    reduce: str = "max",
    batch_size: int | None = None,
    max_memory: str | int | None = None,
    seed: int = 0,
    progress: Progress = True,
    **settings: Any,
) -> Attribution:
    """What in each photograph drives the target.

    `images`: floats [batch, channel, height, width] or [channel, height, width] in 0..1, before normalisation; a picture, a
    file; or a list of such, of any sizes, which gives a list of maps. `target`: a unit, neuron or class by address or label,
    `"-a"` for what speaks against it, `"a - b"` or a pair for a contrast (why this and not that), or `(site, vector)` for a
    direction. A unit without a place is read at its greatest
    neuron (`reduce="max"`), or its `"mean"` or `"sum"` over places. `source`: a site whose units are asked about instead of the
    pixels. `settings` are the method's own; `optogram methods` lists the methods.

    `batch_size` rows go through the network at a time; `max_memory` ("2GB" or bytes) chooses it. Same seed, same result.
    Raises `NotDefinedError` where the method is not defined for this network, `InterceptionError` where a rectifier escapes it.

        og.attribute(net, "cat.jpg", "tabby", method="integrated_gradients", steps=64).figure()
    """
    function = METHODS.get(method) if isinstance(method, str) else method
    name = getattr(function, "__name__", str(method))
    given = _checked_settings(function, name, settings)
    photographs = read_photographs(network, images)
    runner = laid_out(network)
    chosen = read_target(runner, target, reduce)
    origin = None if source is None else runner.site(source if isinstance(source, str) else source.address)
    kept = Kept(network)

    def answered() -> tuple[list[Answer], dict[str, Any]]:
        answers, grids = [], {}
        for batch in photographs.batches:
            rows, most = _rows(runner, chosen, batch, batch_size, max_memory)
            question = Question(runner, batch, chosen, name, origin, seed=seed, batch_size=rows, most=most, progress=progress, copy=kept)
            answers.append(function(question, **given))
            grids.update(question.grids)
        return answers, grids

    with ThreadPoolExecutor(1) as beside:
        # Hashing takes as long as a small pass and leaves Python's lock alone: it runs while the network computes.
        hashes = beside.submit(lambda: (network.weights_hash, photographs.hash))
        answers, grids = answered()
        weights, pixels = hashes.result()
    if kept.stale(weights):
        answers, grids = answered()
    asked = {"target": chosen.text, "source": None if origin is None else origin.address, "reduce": reduce, **_shown_settings(function, given)}
    provenance = Provenance("attribute", network.name, weights, pixels, name, asked, seed)
    frames = [network.preprocess.frame(batch.shape[2], batch.shape[3]) for batch in photographs.batches for _ in batch]
    found = _result(photographs, answers, chosen, grids, frames, name, origin, provenance)
    same = {"reduce": reduce, "batch_size": batch_size, "max_memory": max_memory, "seed": seed, "progress": False, **given}
    again = partial(attribute, method=function, source=None if origin is None else origin.address, **same)
    sizes = tuple((photo.shape[-2], photo.shape[-1]) for photo in found.images)
    return replace(found, asked=target, again=again, seen=partial(fields_seen, network, chosen, found.places, sizes))


def laid_out(network: Network) -> Network:
    """The same network, same weights, fed in the layout that convolutions are fastest in."""
    network.sites(default=False)
    runner = copy.copy(network)
    runner.channels_last = True
    return runner


def _rows(network: Network, target: Target, batch: Tensor, batch_size: int | None, max_memory: str | int | None) -> tuple[int, int]:
    """Rows of a pass where there are few in all, and where there are many."""
    if batch_size is not None and batch_size < 1:
        raise SettingError(f"batch_size is at least 1; got {batch_size}")
    most = batch_size or BATCH_SIZE if max_memory is None else rows_within(network, target, batch[:1], max_memory, batch_size)
    return rows_at_once(network, most), most


def _checked_settings(function: Callable[..., Answer], name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    known = [key for key, parameter in inspect.signature(function).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    for key in settings:
        if key not in known:
            raise SettingError(unknown("setting", key, known, where=f" of {name}") if known else f'{name} takes no settings; got "{key}"')
    return dict(settings)


def _shown_settings(function: Callable[..., Answer], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting that was in force, defaults too; arrays by their shape."""
    defaults = {
        key: parameter.default for key, parameter in inspect.signature(function).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY
    }
    return {key: f"array {tuple(value.shape)}" if hasattr(value, "shape") else value for key, value in {**defaults, **given}.items()}


def _result(
    photographs: Photographs,
    answers: list[Answer],
    target: Target,
    grids: dict[str, Any],
    frames: list[Box],
    name: str,
    source: Site | None,
    provenance: Provenance,
) -> Attribution:
    order = np.argsort([number for numbers in photographs.numbers for number in numbers])
    values = [as_array(row) for answer in answers for row in answer.values]
    places = [text for answer in answers for text in target.located(answer.places, grids)]
    responses = torch.cat([answer.responses for answer in answers])
    first = answers[0]
    delta = None if first.delta is None else as_array(torch.cat([answer.delta for answer in answers if answer.delta is not None]))[order]
    base = None if first.base is None else as_array(torch.cat([answer.base for answer in answers if answer.base is not None]))[order]
    maps = tuple(values[row] for row in order)
    pictures = tuple(as_array(row) for batch in photographs.batches for row in batch)
    pictures = tuple(pictures[row] for row in order)
    zero = np.array([not value.any() for value in maps])
    return Attribution(
        values=list(maps) if photographs.listed else np.stack(maps),
        responses=as_array(responses)[order],
        target=target.text,
        method=name,
        places=tuple(places[row] for row in order),
        zero=zero,
        provenance=provenance,
        images=list(pictures) if photographs.listed else np.stack(pictures),
        frames=tuple(frames[row] for row in order),
        names=photographs.names,
        delta=delta,
        base=base,
        estimated=first.estimated,
        source=None if source is None else source.address,
        worths=None if source is None else as_array(torch.cat([source.places(answer.values).sum(dim=2) for answer in answers]))[order],
        site=first.site,
        signed=first.signed,
        per_channel=first.per_channel,
        generalised=any(answer.generalised for answer in answers),
        notes=tuple(
            dict.fromkeys(
                [note for answer in answers for note in answer.notes]
                + _notes(target, name, first.signed, as_array(responses)[order][zero], len(zero))
            )
        ),
    )


def _notes(target: Target, method: str, signed: bool, responses: Float[np.ndarray, "photo"], photographs: int) -> list[str]:
    """What a reader must know of maps that are nought, given the responses there, and of a target behind a rectifier."""
    if not len(responses):
        return []
    count = "the photograph" if photographs == 1 else f"{len(responses)} of {photographs} photographs"
    rectified = [] if responses.any() else [term.site for term in target.terms if term.site.rectified]
    cause = "" if not rectified else f": {rectified[0].address} is rectified, and a unit at zero has no gradient"
    instead = f". Its pre-activation is {rectified[0].before}" if rectified and rectified[0].before else ""
    return [f"{method} finds nothing in {count} that {telling(signed)} {target.text}{cause}{instead}"]
