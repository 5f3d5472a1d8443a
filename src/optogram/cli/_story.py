"""What an atlas found, as the terminal tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas
    from optogram.atlas.schema import SiteEntry
    from optogram.network.network import Network
    from optogram.network.site import Site

WORDS = ("stands", "leans", "can't tell", "salmon", "not tested")


def greet(network: Network, name: str, sites: Sequence[Site], images: str, note: str = "") -> None:
    """What is about to be looked at: the program, the network as it was named, and the photographs."""
    from optogram import __version__

    seen = [site for site in sites if site.kind != "head"] or list(sites)
    heads = sum(site.kind == "head" for site in network.sites())
    convolutions = sum(site.kind == "convolution" for site in network.sites(default=False))
    first = f"{convolutions} convolutions" if convolutions > 1 and seen != sites else f"{len(seen)} site{'s' * (len(seen) != 1)}"
    looked = [first, f"{sum(site.units for site in seen):,} units", f"{heads} head{'s' * (heads != 1)}"]
    print(f"optogram {__version__} · a microscope for vision networks")
    print(f"network   {name}   {', '.join(looked)}{f'      ({note})' if note else ''}")
    print(f"images    {images}", flush=True)


def lasted(seconds: float) -> str:
    """`1 min 41 s`, as a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def tell(atlas: Atlas, serve: str = "optogram serve", took: float | None = None) -> None:
    """The sites with their verdicts, the same for twins, the findings, and the command that shows the pages; `took` seconds, where it was built."""
    from optogram.images.left_out import LeftOut, sentence

    sites = atlas.networks[0].sites
    width = max(len(site.address) for site in sites)
    print(f"\n{'site':<{width + 2}}  units  " + "  ".join(f"{word:>10}" for word in WORDS))
    for site in sites:
        counts = verdicts(site)
        print(f"  {site.address:<{width}}  {site.units:>5}  " + "  ".join(f"{counts[word] or '-':>10}" for word in WORDS))
    if any(claim.twin_stands for site in sites for claim in site.claims):
        _twins(sites, width)
    if drawn := _pictures(atlas):
        print(f"\nPictures  {drawn}")
    if atlas.manifest.findings:
        print("\nWhat it found")
        for finding in atlas.manifest.findings:
            print(f"  {finding.text}")
    if left_out := atlas.manifest.photographs.left_out:
        told = [LeftOut(one.name, one.reason) for one in left_out]
        total = atlas.manifest.photographs.count + len(told)
        print(f"\nwarning: {sentence(told, total, listed_in=f'{atlas.path}/left-out.csv')}")
    print(f"\nAtlas     {atlas}{'' if took is None else f', {lasted(took)}'}")
    print(f"Look      {serve} {atlas.path}      then open the address that it prints")


def _pictures(atlas: Atlas) -> str:
    """How many units have a synthesised picture, how these ended, and how many units are dead; nothing where none was drawn, or files are cut."""
    sites = atlas.networks[0].sites
    try:
        ends = Counter(end for site in sites for end in atlas.table(site.address)["picture_verdict"].to_pylist() if end)
    except (OSError, ValueError):  # `optogram inspect` names such files
        return ""
    told = ", ".join(f"{count:,} {end}" for end, count in ends.most_common())
    dead = sum(site.dead for site in sites)
    return f"{ends.total():,} units: {told}{f'; {dead:,} units are dead' if dead else ''}" if ends else ""


def verdicts(site: SiteEntry) -> Counter[str]:
    """How many units of a site have each verdict of the leading claim, which is its first."""
    return Counter({str(word): count for claim in site.claims[:1] for word, count in claim.verdicts.items()})


def _twins(sites: list[SiteEntry], width: int) -> None:
    """The same rules applied to networks that have learned nothing: each twin judged against the others."""
    print(f"\n{'the same rules, applied to':<{width + 2}}   network              an untrained twin (median, most)")
    print(f"  {'':<{width}}  told apart  stands     told apart   stands")
    for site in sites:
        for claim in site.claims[:1]:
            apart, stands = claim.twin_identified, claim.twin_stands
            told = f"{median(apart):>5.0f}, {max(apart):<4}" if apart else "-"
            stood = f"{median(stands):>5.0f}, {max(stands):<4}" if stands else "-"
            print(f"  {site.address:<{width}}  {claim.identified:>10}  {claim.verdicts.get('stands', 0):>6}     {told}  {stood}")
