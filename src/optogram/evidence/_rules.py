"""By which rules something was kept: a digest of the source that makes it, so that what an older rule gave is never taken for a newer one's."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib import resources

MEASURING, DRAWING = ("evidence", "statistics"), ("synthesis",)
"""Packages that say what a claim finds in a network, and how pictures are made."""


@cache
def rules(packages: tuple[str, ...]) -> str:
    """10 hex digits; a changed sentence changes them too, which costs a run and never a wrong figure."""
    told = blake2b(digest_size=5)
    for package in packages:
        for entry in sorted(resources.files(f"optogram.{package}").iterdir(), key=lambda one: one.name):
            if entry.name.endswith(".py"):
                told.update(entry.name.encode() + entry.read_bytes())
    return told.hexdigest()
