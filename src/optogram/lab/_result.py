"""What every lab gives: findings in numbers and in words, arrays, pictures on demand, and a folder that keeps them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from optogram.errors import SettingError, unknown
from optogram.lab._film import keep_film
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured number: its 95 % interval where it has one, what the control gives, what chance gives, and the sentence that says so.

    The sentence is plain English, counts first ("19 of 20 faces ..."), and says what was compared with what.
    """

    name: str
    value: float
    sentence: str
    low: float | None = None
    high: float | None = None
    control: float | None = None
    chance: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LabResult(Result):
    """The base of a lab's result: a subclass adds its arrays (named in `ARRAYS`) and draws them in `pictures`, the main one first."""

    findings: tuple[Finding, ...]
    provenance: Provenance

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.provenance.method

    @property
    def figures(self) -> dict[str, Image.Image]:
        """The lab's figures by name, the main one first; drawn anew at each access."""
        return self.pictures()

    def pictures(self) -> dict[str, Image.Image]:
        """Draws the figures. A subclass defines it."""
        return {}

    def films(self) -> Mapping[str, Sequence[Image.Image]]:
        """Draws moving figures, as pictures of one size; none by default."""
        return {}

    def figure(self) -> Image.Image:
        """The main figure."""
        return next(iter(self.pictures().values()), None) or super().figure()

    def finding(self, name: str) -> Finding:
        """One finding by its name; `SettingError` with the nearest names if there is none."""
        for found in self.findings:
            if found.name == name:
                return found
        raise SettingError(unknown("finding", name, [found.name for found in self.findings]))

    def __getitem__(self, name: str) -> float:
        """The value of one finding."""
        return self.finding(name).value

    def __str__(self) -> str:
        return "\n".join(found.sentence for found in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Findings and provenance as plain data, ready for JSON."""
        return {"lab": self.name, "findings": [dataclasses.asdict(found) for found in self.findings], "provenance": self.provenance.as_dict()}

    def keep(self, folder: str | Path) -> list[Path]:
        """Writes `NAME.json`, `NAME.npz`, a PNG per figure and a GIF per film into a folder, which is made; gives the files."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        written = target / f"{self.name}.json"
        written.write_text(json.dumps(self.as_dict(), indent=2, default=str) + "\n", encoding="utf-8")
        files = [written, self.save(target / f"{self.name}.npz")]
        for name, picture in self.pictures().items():
            files.append(target / f"{self.name}-{name}.png")
            picture.save(files[-1])
        for name, frames in self.films().items():
            files.append(target / f"{self.name}-{name}.gif")
            keep_film(frames, files[-1])
        return files


def made_by(
    lab: str, *, seed: int, settings: Mapping[str, Any] | None = None, images: Photos | str | None = None, network: Network | None = None
) -> Provenance:
    """A lab's provenance: its name, settings, seed, the photographs (hashed, or the embedded ones by name) and the network, where it has one."""
    shown = images if isinstance(images, str) else "" if images is None else images.hash
    name, weights = ("", "") if network is None else (network.name, network.weights_hash)
    return Provenance(verb="lab", network=name, weights=weights, images=shown, method=lab, settings=dict(settings or {}), seed=seed)


def share(name: str, hits: int, count: int, sentence: str, *, control: float | None = None, chance: float | None = None) -> Finding:
    """A finding that is a proportion, with its exact interval (Clopper-Pearson); `{value}`, `{low}`, `{high}` in the sentence are filled in as %."""
    from optogram.statistics.intervals import clopper_pearson

    found = clopper_pearson(hits, count)
    value, low, high = float(found.estimate), float(found.low), float(found.high)
    said = sentence.format(value=percent(value), low=percent(low), high=percent(high))
    return replace(Finding(name, value, said), low=low, high=high, control=control, chance=chance)


def percent(value: float) -> str:
    """`.853` as `85 %`, `.9973` as `99.7 %`: one decimal only where it says something."""
    return f"{100 * value:.1f} %" if 0 < value < 0.0095 or 0.9905 < value < 1 else f"{100 * value:.0f} %"
