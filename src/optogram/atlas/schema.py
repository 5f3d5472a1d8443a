"""The manifest of an atlas, as Pydantic models: the one definition that Python, JSON Schema and TypeScript share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 3
"""Raised when an older viewer could not read a newer folder."""

Verdict = Literal["stands", "leans", "can't tell", "salmon", "not tested"]
View = Literal["strongest", "middle", "synthesised", "weights"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Model):
    """One file of the atlas: its path relative to the manifest, and its length in bytes."""

    path: str
    bytes: int


class Sprites(_Model):
    """Sheets of square cells for a site's grid: `columns` x `columns` cells of `size` pixels on each, units in the order of `cell`."""

    view: View
    size: int
    columns: int
    count: int
    sheets: list[File]


class FieldSize(_Model):
    """The receptive field of the central neuron, in pixels of the input frame."""

    height: int
    width: int
    clipped: bool


class Null(_Model):
    """How the claim's effect is distributed where there is nothing to find.

    `dots` are 50 quantiles of the pooled twin units' effects (each stands for 2 %); `ticks` one figure a twin, its median.
    `observed` is the network's family statistic, `families` each twin's; the gate's `p` is (1 + b) / (1 + twins).
    """

    dots: list[float]
    ticks: list[float]
    observed: float
    families: list[float]
    p: float
    open: bool
    twins: int
    kinds: list[str]


class ClaimSummary(_Model):
    """One claim at one site to one viewer: its axis, its null, and how many units of each verdict there are."""

    claim: str
    title: str
    unit_of_effect: str
    viewer: str
    low: float
    high: float
    chance: float
    photographs: int
    tested: int
    verdicts: dict[Verdict, int]
    null: Null | None
    sentence: str
    identified: int
    twin_identified: list[int]
    twin_stands: list[int]
    confounds: dict[str, float] = Field(default_factory=dict)


class SiteEntry(_Model):
    """One site: what it is, where its files are, what is claimed of it.

    `held` of its `units` are in the tables: all, but in an export. `responses_file` holds each unit's response to the manifest's `held_out`
    photographs, as little-endian float32, unit by unit in the order of `cell`. Exemplars of `exemplars_each` units at a time, in the
    same order, lie in `exemplars_file` and `exemplars_more`; of all units in the first where that is 0. Another table that would be
    larger than 4 MB is cut: `more` has its further files, in order, by its name. `references_file` has some units' photographs of
    either half. `map_method` made the exemplars' maps, where there are any. `reads` are the sites it is computed from without another
    site of the atlas between.
    """

    address: str
    slug: str
    number: int
    kind: str
    layout: str
    units: int
    held: int
    grid: list[int]
    field: FieldSize | None
    rectified: bool
    units_file: File
    exemplars_file: File
    exemplars_more: list[File] = Field(default_factory=list)
    exemplars_each: int = 0
    evidence_file: File | None
    references_file: File | None = None
    links_file: File | None = None
    tuning_file: File | None = None
    responses_file: File | None = None
    more: dict[str, list[File]] = Field(default_factory=dict)
    map_method: str | None = None
    packs: dict[str, list[File]]
    sprites: list[Sprites]
    plate_columns: int
    plate_cell: int
    picture_cell: int
    claims: list[ClaimSummary]
    dead: int
    reads: list[str] = Field(default_factory=list)

    def parts(self, name: str) -> list[File]:
        """The files of a table, or of the `responses`, in the order of their rows; none where it was not made."""
        first: File | None = getattr(self, f"{name}_file")
        more = self.exemplars_more if name == "exemplars" else self.more.get(name, [])
        return [] if first is None else [first, *more]


class DrawnMap(_Model):
    """One attribution of one photograph, as numbers: the page draws it on the scale that its reader asks for.

    `height` x `width` signed bytes lie at `offset` of the photograph's `numbers`; 127 stands for `limit`, the 99.5th percentile of
    the absolute values. The map is that of the input frame, averaged over squares where the frame is larger than 256 pixels.
    """

    method: str
    target: str
    response: float
    limit: float
    note: str
    height: int
    width: int
    offset: int


class Photograph(_Model):
    """A photograph of the atlas's gallery, in the input frame: what it drives (`seen`, a table), and attribution maps.

    `seen` is described in `tables.py`; `numbers` holds the maps.
    """

    identity: str
    file: File
    height: int
    width: int
    predictions: list[tuple[str, float]]
    seen: File
    numbers: File | None
    maps: list[DrawnMap]


class Whole(_Model):
    """Photographs that exemplars were cut from, in the input frame: a table of where each lies in the packs.

    At most `most` of them are kept, those of the strongest exemplars first; `count` were asked for.
    """

    index: File
    packs: list[File]
    kept: int
    count: int


class NetworkEntry(_Model):
    """One network of the atlas. A twin is a network too: `twin` says which, and that it knows nothing; else it is null."""

    name: str
    slug: str
    twin: str | None
    weights: str
    channels: int
    input_size: tuple[int, int]
    labels: list[str] | None
    sites: list[SiteEntry]
    photographs: list[Photograph]


class Finding(_Model):
    """One plain sentence about what was found, with the address it speaks of."""

    text: str
    address: str | None


class LeftOutFile(_Model):
    """A file that could not be read, and why."""

    name: str
    reason: str


class KeptPicture(_Model):
    """A picture that was synthesised on the live bench and kept: of which unit, how, and what it reached."""

    network: str
    address: str
    file: File
    activation: float
    verdict: str
    sentence: str
    settings: dict[str, str]


class Source(_Model):
    """The photographs: how many, their hash, and what was left out."""

    name: str
    count: int
    panel: int
    hash: str
    left_out: list[LeftOutFile]


class Manifest(_Model):
    """Everything that the viewer needs to begin.

    `held_out` are photographs to mark blind: one of each group, none of the half that ideas are from.
    """

    schema_version: int
    title: str
    networks: list[NetworkEntry]
    photographs: Source
    whole: Whole | None
    held_out: list[str] = Field(default_factory=list)
    findings: list[Finding]
    opening: list[str]
    kept: list[KeptPicture] = Field(default_factory=list)
    settings: dict[str, str | int | float | bool | list[str] | None]
    versions: dict[str, str]
