"""A question to a network, and the passes that answer it: what every attribution method works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._memory import rows_kept
from optogram.attribution._target import Places, Target
from optogram.errors import NonFiniteError, NotDefinedError
from optogram.network.fast.ready import Ready, forget, ready
from optogram.network.rectifiers import Rectifier, Rule
from optogram.network.severed import severed
from optogram.network.site import Site
from optogram.network.tap import Taps
from optogram.progress import Progress, track

if TYPE_CHECKING:
    from optogram.network.network import Network

WORTH_A_COPY = 64
ONE_WAY = 2e-5
"""How far, relative to the greatest, rounding may move answers when one photograph stands for all on the way to the source."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method found, one row a photograph.

    `values` are in the shape of the source; `responses` of the target to the photographs as they are; `delta` is what
    completeness misses (sum of values minus the difference of responses), `base` the response to the baseline where that is not
    black; `estimated` says that values come from random draws, so that what has no effect gets nought only on average;
    `per_channel` is false where channels are not told apart and each repeats the same value; `site` names the place that the
    method itself read, where there is one.
    """

    values: Float[Tensor, "batch ..."]
    responses: Float[Tensor, "batch"]
    places: Places
    delta: Float[Tensor, "batch"] | None = None
    base: Float[Tensor, "batch"] | None = None
    estimated: bool = False
    signed: bool = True
    per_channel: bool = True
    generalised: bool = False
    site: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slopes:
    """Gradients with respect to inputs, with the responses and places of the same passes."""

    values: Float[Tensor, "row ..."]
    responses: Float[Tensor, "row"]
    places: Places
    rectifiers: tuple[Rectifier, ...] = ()


@dataclass(slots=True)
class Kept:
    """The copy of `network` that passes go through (`network/fast/ready.py`), if any did."""

    network: Network
    used: Ready | None = None

    def worker(self, reads: Sequence[str]) -> Network | None:
        """The copy, where it has those sites."""
        found = ready(self.network, reads)
        self.used = found or self.used
        return None if found is None else found.worker

    def stale(self, weights: str) -> bool:
        """Whether answers came from weights other than those of that hash; the copy is forgotten then."""
        if self.used is None or self.used.is_of(weights):
            return False
        forget(self.network)
        return True


@dataclass(frozen=True, slots=True)
class Question:
    """Why does `target` respond so to `images`? Asked about pixels, or about the units of `source`.

    `images` [batch, channel, height, width] in 0..1, photo frame, on the network's device and of its type. `batch_size` rows go
    through the network at a time. `grids` is filled with each target site's grid.
    """

    network: Network
    images: Float[Tensor, "batch channel height width"]
    target: Target
    method: str
    source: Site | None = None
    seed: int = 0
    batch_size: int = 16
    progress: Progress = False
    advance: Callable[[int], None] = lambda more: None
    places: Places | None = None
    grids: dict[str, tuple[int, ...]] = field(default_factory=dict)
    alone: bool = False
    """One photograph's way to `source` stands for all rows that are set in there."""
    copy: Kept | None = None
    most: int | None = None
    """Rows at a time where there are many; few at a time (`batch_size`) touch less memory for the first time."""

    @property
    def photographs(self) -> int:
        """How many are asked about."""
        return self.images.shape[0]

    def origin(self) -> Float[Tensor, "batch ..."]:
        """What the map is over: the images, or the source's activations."""
        if self.source is None:
            return self.images
        with torch.no_grad():
            parts = [self.network.read(self.source, self.images[rows], frame="photo") for rows in self.batches(self.photographs)]
        return torch.cat(parts)

    @contextmanager
    def tracked(self, rows: int) -> Iterator[Question]:
        """The same question, whose passes over `rows` rows are told to whoever watches the progress.

        Many rows are worth a copy of the weights in the layout that convolutions are fastest in, with batch norms folded into them.
        """
        long = self
        if rows >= WORTH_A_COPY:
            worker = self._worker() or self.network.worker(channels_last=True, reads=self._reads(), gradients=True)
            long = replace(self, network=worker, copy=None, batch_size=rows_kept(worker, self.most or self.batch_size))
            long = replace(long, alone=long._one_way())
        with track(self.method.replace("_", " "), rows, self.progress) as advance:
            yield replace(long, advance=advance)

    def about(self, rows: slice) -> Question:
        """The same question about some of the photographs."""
        places = None if self.places is None else tuple(place[rows] for place in self.places)
        return replace(self, images=self.images[rows], places=places)

    def settled(self) -> tuple[Question, Float[Tensor, "batch"]]:
        """The same question with the neuron fixed that the response is read from, and the responses."""
        responses, places = self._responses(self.origin() if self.source is not None else self.images, None)
        return replace(self, places=places), responses

    def settled_in(self, network: Network) -> bool:
        """Whether that is where this question's responses come from."""
        return network is (self._worker() or self.network)

    def responses(self, inputs: Float[Tensor, "row ..."], photo: Int[Tensor, "row"] | None = None) -> Float[Tensor, "row"]:
        """The target's response to inputs in the shape of `origin()`; row r belongs to photograph `photo[r]` (default r)."""
        return self._responses(inputs, photo)[0]

    def gradients(
        self,
        inputs: Float[Tensor, "row ..."],
        photo: Int[Tensor, "row"] | None = None,
        rule: Rule | None = None,
        instead: str = "integrated_gradients",
        generalised: bool = False,
    ) -> Slopes:
        """The gradient of each row's response with respect to that row, through the network as it is or with `rule` at rectifiers.

        With a rule every rectifier must be intercepted (`InterceptionError`) and must be one that the rule is defined for
        (`NotDefinedError`, which names `instead`), unless `generalised`.
        """
        photo = torch.arange(len(inputs), device=inputs.device) if photo is None else photo
        parts = []
        for rows in self.batches(len(inputs)):
            parts.append(self._slopes(inputs[rows], photo[rows], rule, instead, generalised))
            self.advance(len(parts[-1].responses))
        return Slopes(
            torch.cat([part.values for part in parts]),
            torch.cat([part.responses for part in parts]),
            tuple(torch.cat(places) for places in zip(*(part.places for part in parts), strict=True)),
            parts[0].rectifiers,
        )

    def hidden(self, sites: Sequence[Site], rows: slice) -> tuple[list[Tensor], list[Tensor], Float[Tensor, "row"], Places]:
        """Activations of `sites` and the response's gradient there (zeros where it does not reach), for some photographs."""
        photo = torch.arange(self.photographs, device=self.images.device)[rows]
        edits = {site.address: _grown for site in sites}
        with torch.enable_grad(), self.network.tap(*self.target.addresses, *edits, edits=edits) as taps:
            self.network.run(self.images[rows])
            responses, places = self.read(taps, photo)
            raws = [taps[site.address] for site in sites]
            if not responses.requires_grad:
                raise NotDefinedError(self.unreached())
            grads = torch.autograd.grad(responses.sum(), raws, allow_unused=True)
        slopes = [torch.zeros_like(raw) if grad is None else grad for raw, grad in zip(raws, grads, strict=True)]
        return [raw.detach() for raw in raws], slopes, responses.detach(), places

    def batches(self, rows: int) -> Iterator[slice]:
        """Slices of at most `batch_size` rows."""
        size = -(-rows // -(-rows // self.batch_size)) if rows else 1
        for start in range(0, rows, size):
            yield slice(start, min(start + size, rows))

    def _responses(self, inputs: Tensor, photo: Tensor | None) -> tuple[Tensor, Places]:
        photo = torch.arange(len(inputs), device=inputs.device) if photo is None else photo
        found = []
        with torch.no_grad():
            for rows in self.batches(len(inputs)):
                found.append(self._forward(inputs[rows], photo[rows])[0:2])
                self.advance(len(found[-1][0]))
        return torch.cat([one for one, _ in found]), tuple(torch.cat(places) for places in zip(*(places for _, places in found), strict=True))

    def _slopes(self, inputs: Tensor, photo: Tensor, rule: Rule | None, instead: str, generalised: bool) -> Slopes:
        leaf = inputs.detach().requires_grad_()
        with torch.enable_grad():
            responses, places, seen = self._forward(leaf, photo, rule, instead, generalised)
            if not responses.requires_grad:
                raise NotDefinedError(self.unreached())
            (grad,) = torch.autograd.grad(responses.sum(), leaf, allow_unused=True)
        if grad is None:
            raise NotDefinedError(self.unreached())
        check_finite(grad.flatten(1).sum(dim=1), photo, f"the gradient of {self.target.text}")
        return Slopes(grad, responses.detach(), places, tuple(seen))

    def _forward(
        self, inputs: Tensor, photo: Tensor, rule: Rule | None = None, instead: str = "", generalised: bool = False
    ) -> tuple[Tensor, Places, list[Rectifier]]:
        seen: list[Rectifier] = []
        # A clone, since the network may write into it: a rectifier in place behind the source.
        edits = {} if self.source is None else {self.source.address: lambda raw: inputs.clone()}
        images = inputs if self.source is None else self.images[:1] if self.alone else self.images[photo]
        network = self._worker() or self.network
        with ExitStack() as stack:
            taps = stack.enter_context(network.tap(*self.target.addresses, edits=edits))
            interception = stack.enter_context(network.rectified_by(rule)) if rule is not None else None
            network.run(images)
            if interception is not None:
                raws = [taps[address] for address in self.target.addresses]
                seen = interception.check(*raws, method=self.method, instead=instead, generalised=generalised)
            responses, places = self.read(taps, photo)
        return responses, places, seen

    def read(self, taps: Taps, photo: Int[Tensor, "row"]) -> tuple[Float[Tensor, "row"], Places]:
        """The responses of a pass that was tapped at the target, and the places that they were read from; row r is of photograph `photo[r]`."""
        raws = {address: taps[address] for address in self.target.addresses}
        self.grids.update({term.site.address: term.site.grid_of(raws[term.site.address]) for term in self.target.terms})
        fixed = None if self.places is None else tuple(places[photo] for places in self.places)
        responses, places = self.target.responses(raws, fixed)
        check_finite(responses.detach(), photo, self.target.text)
        return responses, places

    def _reads(self) -> list[str]:
        return [*self.target.addresses, *(() if self.source is None else (self.source.address,))]

    def _worker(self) -> Network | None:
        """The copy that is fastest, where there is one that has every site which passes read."""
        return None if self.copy is None else self.copy.worker(self._reads())

    def _one_way(self) -> bool:
        """Whether the answers are the same when only one photograph goes as far as the source: nothing of the others goes around it."""
        if self.source is None:
            return False
        whole = replace(self, advance=lambda more: None)
        try:
            for rows in self.batches(self.photographs):
                photo = torch.arange(self.photographs, device=self.images.device)[rows]
                photo = photo.repeat(2) if len(photo) == 1 else photo
                raw = self.network.read(self.source, self.images[photo], frame="photo") * 0.9
                one, other = (replace(whole, alone=alone).responses(raw, photo) for alone in (False, True))
                if not bool((one - other).abs().max() <= ONE_WAY * one.abs().max()):
                    return False
        except (RuntimeError, ValueError, IndexError, ArithmeticError):
            return False  # rows of two numbers met behind the source
        return True

    def unreached(self) -> str:
        """What an error says where no gradient arrives."""
        source = "the pixels" if self.source is None else self.source.address
        if cut := severed(self.network, self.network.prepare(self.images[:1])):
            return f"no gradient comes back from {self.target.text} to {source}: {cut}, or use occlusion or rise"
        return f"{self.target.text} does not depend on {source}: choose a source that is computed before the target and feeds it"


def _grown(raw: Tensor) -> Any:
    """The graph of gradients begins at the first site that is read."""
    return None if raw.requires_grad else raw.detach().requires_grad_()


def check_finite(numbers: Float[Tensor, "row"], photo: Int[Tensor, "row"], what: str) -> None:
    """Raises `NonFiniteError`, naming the photograph, where a number of a row is NaN or infinite."""
    bad = ~torch.isfinite(numbers)
    if bool(bad.any()):
        row = int(bad.nonzero()[0, 0])
        name = "NaN" if bool(torch.isnan(numbers[row])) else "infinity"
        raise NonFiniteError(f"{what} is {name} on photograph {int(photo[row])}: the network is not finite there; leave that photograph out")
