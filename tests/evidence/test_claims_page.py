from __future__ import annotations

from pathlib import Path

from optogram.evidence._judge import CLAIMS


def test_the_page_of_claims_says_of_each_what_the_code_does(repository: Path) -> None:
    """A row a claim; whether twins and the viewer have a say, and what it needs."""
    page = (repository / "docs" / "claims.md").read_text(encoding="utf-8")
    table = page[page.index("| claim | what must be so |") :].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    told = {name.strip("`"): rest for name, *rest in rows}
    assert set(told) == set(CLAIMS.names())
    for name, (_, _, twins, viewer, needs) in told.items():
        claim = CLAIMS.get(name)
        assert twins.startswith("yes") == claim.beyond_twins, name
        assert viewer.startswith("yes") == claim.sees, name
        assert bool(claim.needs) <= bool(needs), name
