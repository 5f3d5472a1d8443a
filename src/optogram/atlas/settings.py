"""What a build was asked to do: kept in the folder, so that the same command goes on and another one is told so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from optogram.atlas.folder import write_atomically
from optogram.atlas.schema import SCHEMA_VERSION
from optogram.errors import AtlasError, SettingError, StaleError, unknown
from optogram.result import versions

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network

WORKSHOP = ".build"
"""Where a build keeps what it has so far; removed when the atlas is whole, but for the settings."""

MOST_METHODS = 15
"""A photograph's maps, of four units by each method, at most 256 pixels a side, are one file of at most 4 MB."""

WISHES = ("stages", "all", "none")
"""What `pictures` may be besides addresses."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every argument that changes an atlas.

    `sites`: addresses, or `None` for the default ones. `pictures`: sites to synthesise pictures for: `stages` (the last site of
    each resolution and the head), `all`, `none`, or addresses; there, and at the stages, exemplars get attribution maps and units
    tuning curves too, which elsewhere would cost more than all the rest. `picture_units`: at most so many units a site get one, evenly
    spaced, from `seeds` starts each (nine stand beside nine photographs; the units that the atlas opens with get nine anyway).
    `twins`: how many untrained twins; 0 leaves the evidence out. `twin_kind`: as in `og.judge`. `twin_pages`: whether the first
    twin has pages like the network's, but for fewer pictures (there must be two, so that it can be judged). `claims`: what is tested
    (`None`: identification, which units are sorted by wherever it is among them; `("all",)`: every claim that is defined). `viewer`: who looks at
    the patches, `bank` or
    another network as `og.load` takes it, with `viewer_weights`
    and `viewer_preprocess`. `whole`: at most so many photographs are kept whole.
    """

    sites: tuple[str, ...] | None = None
    pictures: Literal["stages", "all", "none"] | tuple[str, ...] = "stages"
    picture_units: int = 64
    seeds: int = 1
    steps: int = 128
    twins: int = 39
    twin_kind: Literal["shuffle", "reinit", "both"] | None = None
    twin_pages: bool = True
    claims: tuple[str, ...] | None = None
    viewer: str = "bank"
    viewer_weights: str | None = None
    viewer_preprocess: str | None = None
    panel: int = 700
    exemplars: int = 9
    attributed: int = 12
    whole: int = 2000
    methods: tuple[str, ...] = ("guided_backprop", "integrated_gradients", "grad_cam")
    seed: int = 0
    skip_nonfinite: bool = False

    def __post_init__(self) -> None:
        for several in ("sites", "claims", "methods", "pictures"):
            given = getattr(self, several)
            if isinstance(given, list) or (isinstance(given, str) and several != "pictures"):
                object.__setattr__(self, several, (given,) if isinstance(given, str) else tuple(given))
        for name, least in (
            ("picture_units", 1),
            ("seeds", 1),
            ("steps", 1),
            ("twins", 0),
            ("panel", 2),
            ("exemplars", 1),
            ("attributed", 0),
            ("whole", 0),
        ):
            if getattr(self, name) < least:
                raise SettingError(f"{name} is at least {least}; got {getattr(self, name)}")
        if len(self.methods) > MOST_METHODS:
            most = f"methods are at most {MOST_METHODS} in an atlas; got {len(self.methods)}"
            raise SettingError(f"{most}. The live bench maps by any: optogram serve ATLAS --model MODEL")
        if isinstance(self.pictures, str) and self.pictures not in WISHES:
            raise SettingError(unknown("choice of pictures", self.pictures, WISHES, "Or name sites: pictures=(SITE, ...)."))


def changed(settings: Settings | None, changes: Mapping[str, Any]) -> Settings:
    """The settings (the usual ones for `None`) with some of them changed; `SettingError` for one that there is not."""
    known = [field.name for field in fields(Settings)]
    for name in changes:
        if name not in known:
            raise SettingError(unknown("setting", name, known, where=" of an atlas"))
    return replace(settings or Settings(), **changes)


def fingerprint(network: Network, photos: Photos, settings: Settings, viewer: Network | None = None) -> dict[str, object]:
    """What must be the same for a build to be gone on with; `viewer` is the network that looks at the patches, if one does."""
    return {
        "schema": SCHEMA_VERSION,
        "network": network.name,
        "weights": network.weights_hash,
        "photographs": photos.hash,
        "settings": json.loads(json.dumps(asdict(settings))),
        **({"viewer": viewer.weights_hash} if viewer is not None else {}),
        "versions": versions(),
    }


def claim_folder(root: Path, mark: dict[str, object]) -> None:
    """Makes the folder, or checks that it holds the same build; `StaleError` says what differs, and loses nothing."""
    path = root / WORKSHOP / "settings.json"
    if path.exists():
        found = json.loads(path.read_text())
        differing = [name for name in mark if found.get(name) != mark[name]]
        if differing:
            raise StaleError(f"{root} holds an atlas with other {' and '.join(differing)}. Choose another folder, or remove this one")
        return
    there = next(one for one in (root.absolute(), *root.absolute().parents) if one.exists())
    if not there.is_dir():
        raise AtlasError(f"{root if there == root.absolute() else there} is a file. Choose a new folder")
    if root.exists() and any(entry.name != WORKSHOP for entry in root.iterdir()):
        raise AtlasError(f"{root} is not empty and holds no atlas. Choose a new folder")
    write_atomically(path, json.dumps(mark, indent=1, sort_keys=True).encode())
