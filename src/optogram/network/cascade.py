"""Layers destroyed one after another: which there are, in the order in which they are computed, and how one is drawn anew.

A layer is every module that owns a parameter itself, so that bare `nn.Parameter`s (class tokens, position tables) and attention's
`in_proj` are layers or belong to one. Each is drawn from a seed of its own: one seed for all would make layers of one shape equal.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from optogram.network.redraw import redraw_own, seeded
from optogram.network.twin import remeasure

if TYPE_CHECKING:
    from optogram.network.network import Network


def layers(network: Network, until: int | None = None) -> list[str]:
    """Paths of all modules that own parameters, first computed first; with `until`, those computed by that site's order.

    A container's own parameters count as computed where its first part is; a module that is never called (attention's output
    projection, whose weights its parent uses) counts as its parent.
    """
    starts: dict[str, int] = {}
    for site in network.sites(default=False):
        path = re.split(r"[#/~]", site.address)[0]
        path = "" if path == "output" else path
        for inside in _ancestors(path):
            starts[inside] = min(starts.get(inside, site.order), site.order)
    module = network.layer("output")
    found = []
    for number, (path, inner) in enumerate(module.named_modules()):
        if next(inner.parameters(recurse=False), None) is not None:
            known = next((inside for inside in reversed(_ancestors(path)) if inside in starts), "")
            found.append((starts.get(known, 0), number, path))
    return [path for start, _, path in sorted(found) if until is None or start <= until]


def destroy(copy: Network, path: str, seed: int, images: Float[Tensor, "photo channel height width"] | None = None) -> None:
    """Draws one layer of a private copy (`net.worker()`) anew, in place; with `images` (input frame) batch norms are measured again.

    The global random state is left as it was.
    """
    module = dict(copy.layer("output").named_modules())[path]
    number = int.from_bytes(blake2b(f"{seed} {path}".encode(), digest_size=7).digest(), "big")
    with seeded(number):
        redraw_own(module)
    if images is not None:
        remeasure(copy, images)


def _ancestors(path: str) -> list[str]:
    """The path itself last, its containers before it, the network first."""
    parts = path.split(".") if path else []
    return [".".join(parts[:count]) for count in range(len(parts) + 1)]
