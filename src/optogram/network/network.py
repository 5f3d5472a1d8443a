"""`Network`: a user's module with its preprocessing and labels; every verb works on it, and none changes the module."""

from __future__ import annotations

import html
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.errors import AddressError, InputError, OptogramError, explain, out_of_memory
from optogram.geometry import Box
from optogram.images.preprocess import Preprocess
from optogram.network._blame import blamed, theirs
from optogram.network._device import device_of
from optogram.network.census import Census, take_census
from optogram.network.fast import bottleneck, winograd
from optogram.network.fast.cheap_gradients import cheapened
from optogram.network.fast.fold import fold_norms
from optogram.network.functional import Watch
from optogram.network.operations import Operator, operated, operating
from optogram.network.rectifiers import Interception, Rule, intercepted, rectifying
from optogram.network.resolve import resolve_site, resolve_unit, resolve_units
from optogram.network.sample import Failures, first_channels, sample_sizes, wrong_channels
from optogram.network.shadow import Shadow, checksum, weights_hash
from optogram.network.site import Site, SiteTable, Unit
from optogram.network.tap import Edit, Reached, Recorder, Taps
from optogram.network.trace import trace
from optogram.network.wiring import Wiring

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.fast.ready import Ready
    from optogram.network.field import Field
    from optogram.network.rectifier_report import RectifierReport

Labels = Sequence[str] | Mapping[str, Sequence[str]]
Frame = Literal["photo", "input"]


class Network:
    """A vision network to look into.

    `module` is any `torch.nn.Module` that takes images [batch, channel, height, width]; it is never changed: everything runs
    on a shadow in `eval()` that shares its weights. `labels` are the classes' names, or a mapping from site to names where
    there are several heads. `device` defaults to where the module's weights are.
    """

    def __init__(
        self,
        module: nn.Module,
        preprocess: Preprocess | None = None,
        labels: Labels | None = None,
        *,
        name: str | None = None,
        device: str | torch.device | None = None,
        _private: bool = False,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise InputError(f"a network is a torch.nn.Module; got {type(module).__name__}. og.load(spec) loads one by name")
        if not isinstance(preprocess, Preprocess | None):
            raise InputError(f"preprocess is an og.Preprocess(size=..., mean=..., std=...); got {type(preprocess).__name__}")
        if isinstance(labels, str):
            raise InputError(f'labels are a list of names; got the text "{labels}". og.load(spec, labels="names.txt") reads a file')
        self.module = module
        self.preprocess = preprocess or Preprocess()
        self._labels = {"": tuple(labels)} if labels is not None and not isinstance(labels, Mapping) else dict(labels or {})
        self._shadow = Shadow(module, device_of(device), _private)
        self._wiring = Wiring(self._shadow.module)
        self._lock = threading.RLock()
        self._census: Census | None = None
        self._hashed: tuple[int, str] | None = None
        self._flatten = False
        self._folded: frozenset[str] = frozenset()
        self.moments: tuple[Any, dict[str, tuple[Tensor, Tensor]]] | None = None
        self._fields: dict[str, Field] = {}
        self._ready: Ready | None = None
        self.name = name or type(self._shadow.original).__name__.lower()
        self.channels = first_channels(self._shadow.original, self.preprocess)
        self.channels_last = False

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The names of the classes, in the order of the network's output; of the first head where there are several."""
        return next((tuple(names) for names in self._labels.values()), None)

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self._shadow.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return next((p.dtype for p in self._shadow.module.parameters() if p.is_floating_point()), torch.float32)

    @property
    def weights_hash(self) -> str:
        """16 hexadecimal digits over every parameter and buffer as they are now (a checksum tells whether they must be hashed again)."""
        module = self._shadow.module if self._shadow.private else self._shadow.original
        now = checksum(module)
        if self._hashed is None or self._hashed[0] != now:
            self._hashed = now, weights_hash(module)
        return self._hashed[1]

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the input frame of a default pass."""
        height, width = self._points().sites["input"].grid
        return height, width

    def sites(self, default: bool = True) -> SiteTable:
        """The places where activations can be read, in the order in which they are computed.

        By default each affine layer's output after its normalisation and before its rectifier, block outputs, and the head;
        `default=False` gives every tensor that a module returns, and every functional rectifier.
        """
        census = self._points()
        found = [census.sites[address] for address in census.listed if not default or census.sites[address].default]
        return SiteTable(found, lambda: self._field_texts(found))

    def site(self, address: str) -> Site:
        """One site by its address; `AddressError` with the nearest ones where there is none."""
        return resolve_site(self._points(), address, self.name)

    def unit(self, address: str) -> Unit:
        """One unit or neuron by its address, or a class by its label alone; `AddressError` otherwise."""
        return resolve_unit(self._points(), address, self.name)

    def units(self, address: str) -> list[Unit]:
        """The units that an address stands for: one, a range `layer3:0-15`, or all units of a bare site."""
        return resolve_units(self._points(), address, self.name)

    @contextmanager
    def tap(self, *addresses: str, edits: Mapping[str, Edit] | None = None) -> Iterator[Taps]:
        """Reads activations during `run` inside the `with` block; the pass ends at the deepest of them.

        `edits` maps sites to functions that take the raw activation and return another in its place, or `None`. Tensors read
        are safe from what the network later writes in place; gradients flow through them if the images require it.
        """
        census = self._points()
        targets = {address: self.unit(address) if ":" in address else self.site(address) for address in addresses}
        reads = {target.site.address if isinstance(target, Unit) else target.address for target in targets.values()}
        changes = {self.site(address).address: edit for address, edit in (edits or {}).items()}
        outer = self._wiring.observer
        if isinstance(outer, Recorder):
            changes = {**outer.edits, **changes}
        points = [census.points[address] for address in {*reads, *changes}]
        if lost := self._folded & {point.path for point in points if not point.into}:
            raise AddressError(f"{min(lost)} is folded into the batch norm after it in this worker; name it in net.worker(reads=...)")
        taps = Taps(targets)
        with self._wiring.watched_by(Recorder(points, reads, changes, taps)):
            yield taps

    @contextmanager
    def rectified_by(self, rule: Rule) -> Iterator[Interception]:
        """Inside the `with` block, every rectifier's backward is `rule(z, grad, rectifier)`; its values stay (`rectifiers.py`)."""
        self._points()
        interception = Interception(self, rule)
        with intercepted(self._wiring, interception):
            yield interception

    @contextmanager
    def operated_by(self, operator: Operator) -> Iterator[None]:
        """Inside the `with` block, every torch function that a run calls is `operator(function, args, kwargs)` (`operations.py`)."""
        self._points()
        with operated(self._wiring, operator):
            yield

    def rectifiers(self) -> RectifierReport:
        """Every rectifier that one pass computes: address, kind, module, and whether it can be intercepted."""
        from optogram.network.rectifier_report import survey

        return survey(self)

    def run(self, images: Float[Tensor, "batch channel height width"], frame: Frame = "photo") -> Any:
        """What the network returns for images in 0..1; `None` where a tap ended the pass early.

        `frame="photo"` resizes and crops first, inside the graph; `frame="input"` takes the images as they are. Both
        normalise. Gradients reach the images if they require them; parameters never do.
        """
        if not self._shadow.private:
            with self._lock:
                self._follow()
        images = self._checked(images)
        images = self.preprocess.apply(images) if frame == "photo" else images
        observer = self._wiring.observer
        if not isinstance(observer, Recorder):
            return self._forward(images)
        observer.start()
        try:
            images = observer.entrance(images)
            with Watch(observer.rectifier) if observer.functional else nullcontext():
                return self._forward(images)
        except Reached:
            return None

    def prepare(self, images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch channel rows columns"]:
        """From the photo frame to the input frame: resize and crop, differentiable; values stay in 0..1."""
        return self.preprocess.apply(self._checked(images))

    def read(self, site: str | Site, images: Float[Tensor, "batch channel height width"], frame: Frame = "input") -> Tensor:
        """One site's raw activations in one truncated pass."""
        address = site.address if isinstance(site, Site) else site
        with self.tap(address) as taps:
            self.run(images, frame)
        return taps[address]

    def layer(self, path: str) -> nn.Module:
        """The shadow's module of that name, to look at its weights; `input` and `output` have none of their own."""
        return self._wiring.modules[self._wiring.paths["" if path == "output" else path]]

    def receptive_field(self, address: str) -> Box:
        """The exact box of input pixels (input frame) that can change a neuron.

        Of a unit without place, its central neuron's; of a bare site, that of all its units together.
        """
        from optogram.network.receptive_field import field_of, measure

        return measure(self, self.unit(address)) if ":" in address else field_of(self, address).box()

    def known_fields(self) -> dict[str, Field]:
        """The receptive fields measured so far, by site; `receptive_field.py` fills it."""
        self._points()
        return self._fields

    def twin(self, kind: Literal["shuffle", "reinit"] = "shuffle", seed: int = 0, photos: Photos | Tensor | Any | None = None) -> Network:
        """A network of the same architecture that has learned nothing (`twin.py`)."""
        from optogram.network.twin import twin

        return twin(self, kind, seed, photos)

    def worker(
        self, *, channels_last: bool = False, dtype: torch.dtype | None = None, reads: Collection[str] | None = None, gradients: bool = False
    ) -> Network:
        """The same network, same addresses, with a private copy of the weights, in the layout and type that is fastest.

        `reads` are the only sites that will be read or edited, where that is known: batch norms are then folded (`fast/fold.py`). `gradients`: most
        passes go on to a gradient at the pixels (`fast/cheap_gradients.py`).
        """
        with self._lock:
            self._follow()
        copy = Network(self._shadow.module, self.preprocess, self._labels or None, name=self.name, device=self.device, _private=True)
        module = copy._shadow.module
        copy.channels, copy._census, copy._flatten, copy._fields = self.channels, self._points(), self._flatten, self._fields
        copy._folded = self._folded if reads is None else self._folded | fold_norms(copy, reads)
        if gradients:
            cheapened(copy, reads)
        if dtype is not None:
            module.to(dtype)
        if channels_last:
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            winograd.quicken(module)
            bottleneck.quicken(module)
        copy.channels_last = channels_last
        return copy

    def _followed(self) -> nn.Module:
        """The shadow's module, in step with the user's."""
        if not self._shadow.private:
            self._follow()
        return self._shadow.module

    def _follow(self) -> None:
        before = self._shadow.module
        self._shadow.sync()
        if self._shadow.module is not before:
            self._wiring, self._census, self._fields = Wiring(self._shadow.module), None, {}

    def _forward(self, images: Tensor) -> Any:
        with rectifying(self._wiring, images), operating(self._wiring):
            images = self.preprocess.normalise(images.to(self.device)).to(self.dtype)
            if self.channels_last:
                images = images.contiguous(memory_format=torch.channels_last)
            try:
                return self._shadow.module(images.flatten(1) if self._flatten else images)
            except Exception as error:
                if not isinstance(error, OptogramError) and not out_of_memory(error):
                    size = "x".join(map(str, images.shape[1:]))
                    explain(error, f"{self.name} did not run on images of {size}: its forward raised {blamed(error, theirs)}")
                raise

    def _points(self) -> Census:
        with self._lock:
            if self._census is None:
                self._census = self._taken()
            return self._census

    def _taken(self) -> Census:
        """Tries the sizes that the network may want, until one runs."""
        self._follow()
        failures = Failures(self.name, self.channels)
        for size in sample_sizes(self._shadow.original, self.preprocess, self.channels):
            generator = torch.Generator().manual_seed(0)
            images = torch.rand(2, self.channels, *size, generator=generator).to(self.device)
            for self._flatten in (False, True):
                try:
                    seen = trace(self._wiring, self._forward, images)
                except Exception as error:  # any network may fail in any way at a size it does not accept
                    failures.note(size, error, self._flatten)
                    continue
                return take_census(seen, self._wiring.modules, {site: tuple(names) for site, names in self._labels.items()})
        raise failures.told()

    def _checked(self, images: Tensor) -> Tensor:
        if not isinstance(images, Tensor) or images.ndim != 4:
            got = f"shape {tuple(images.shape)}" if hasattr(images, "shape") else type(images).__name__
            raise InputError(f"images are a float tensor [batch, channel, height, width] in 0..1; got {got}")
        if images.shape[1] != self.channels:
            raise InputError(wrong_channels(self.name, self.channels, images))
        if not images.is_floating_point():
            raise InputError(f"images are floats in 0..1; got {images.dtype}: divide by 255, as in images.float() / 255")
        return images

    def _field_texts(self, sites: Sequence[Site]) -> dict[str, str]:
        from optogram.network.receptive_field import measure_all

        boxes = measure_all(self, sites)
        return {address: f"{box.height}x{box.width}{' (clipped)' if box.clipped else ''}" for address, box in boxes.items()}

    def __repr__(self) -> str:
        labels = f", {len(self.labels)} labels" if self.labels else ""
        return f"Network({self.name}, {self.channels} channels{labels}, {self.device})"

    def _repr_html_(self) -> str:
        from optogram.network.pictured import strips_of

        return f"<p>{html.escape(repr(self))}</p>{self.sites().as_html(strips_of(self.weights_hash))}"
