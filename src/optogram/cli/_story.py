"""What an atlas found, as the terminal tells it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas
    from optogram.atlas.schema import SiteEntry

WORDS = ("stands", "leans", "can't tell", "salmon", "not tested")


def tell(atlas: Atlas) -> None:
    """The sites with their verdicts, the findings, and the command that shows the pages."""
    network = atlas.networks[0]
    width = max(len(site.address) for site in network.sites)
    print(f"\n  {'site':<{width}}  units  " + "  ".join(f"{word:>10}" for word in WORDS))
    for site in network.sites:
        counts = verdicts(site)
        print(f"  {site.address:<{width}}  {site.units:>5}  " + "  ".join(f"{counts[word] or '-':>10}" for word in WORDS))
    if atlas.manifest.findings:
        print("\nWhat it found")
        for finding in atlas.manifest.findings:
            print(f"  {finding.text}")
    if left_out := atlas.manifest.photographs.left_out:
        named = ", ".join(f"{one.name} ({one.reason})" for one in left_out[:3])
        print(f"\nwarning: {len(left_out)} files were left out: {named}. Listed in {atlas.path}/left-out.csv.")
    print(f"\nAtlas     {atlas}")
    print(f"Look      optogram serve {atlas.path}      then open the address that it prints")


def verdicts(site: SiteEntry) -> Counter[str]:
    """How many units of a site have each verdict, over its claims."""
    total: Counter[str] = Counter()
    for claim in site.claims:
        total.update({str(word): count for word, count in claim.verdicts.items()})
    return total
