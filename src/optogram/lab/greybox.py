"""Black box or open grey box: how many queries it takes to know a unit, from spikes, exact answers, gradients or weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid, stacked
from optogram.errors import SettingError, unknown
from optogram.images.photos import Photos
from optogram.lab._greybox_figures import ratios
from optogram.lab._recovery import ACCESSES, Recovery, recover
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._shown import shown
from optogram.lab._sources import EMBEDDED, network_or_demo
from optogram.network.network import Network
from optogram.physiology.access import needed
from optogram.progress import Progress, track

CROPS = 680
LEAST = 64
WANTED = 0.9
"""A unit counts as known once a template foretells its answers nine tenths as well as the best template of any access does."""
FAINTEST = 0.05
KINDS = ("planted", "real")
DRAWN = (16, 128, 1024)
"""Numbers of queries whose templates are drawn, and the greatest."""
SAID = {
    "spikes": "spikes, white noise averaged",
    "noise": "exact answers, white noise averaged",
    "gratings": "exact answers, gratings averaged",
    "exemplars": "exact answers, the nine strongest photographs",
    "equations": "exact answers, solved as equations",
    "gradients": "gradients at photographs, averaged",
}
BRIEFLY = {"noise": "exact answers to noise", "gratings": "exact answers to gratings", "exemplars": "exact answers to photographs"}


@dataclass(frozen=True, kw_only=True, eq=False)
class GreyboxResult(LabResult):
    """Of a planted and of a real unit, `planted_quality` and `real_quality` [access, repeat, count]: how well the template found with so many
    queries (`counts`) foretells the unit's answers to photographs that it was not made of, as a correlation; NaN where a way was not tried.

    `queries` [unit, access, repeat]: how many it took until the unit was known, infinite where all did not do. `easier` [unit, access, 3]: how many
    times fewer than counted spikes, and the interval of that. `..._weights`: the template in the weights.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("counts", "planted_quality", "real_quality", "queries", "easier"),
        *("planted_templates", "real_templates", "planted_weights", "real_weights"),
    )
    units: tuple[str, str]
    counts: Int[np.ndarray, " count"]
    planted_quality: Float[np.ndarray, "access repeat count"]
    real_quality: Float[np.ndarray, "access repeat count"]
    queries: Float[np.ndarray, "unit access repeat"]
    easier: Float[np.ndarray, "unit access 3"]
    planted_templates: Float[np.ndarray, "access count channel height width"]
    real_templates: Float[np.ndarray, "access count real_channel real_height real_width"]
    planted_weights: Float[np.ndarray, "channel height width"]
    real_weights: Float[np.ndarray, "real_channel real_height real_width"]
    read: tuple[float, float]

    def pictures(self) -> dict[str, Image.Image]:
        """Quality by the number of queries, of both units; how many times fewer each access takes; the templates found on the way."""
        plots, sheets = [], []
        held = ((self.planted_quality, self.planted_templates, self.planted_weights), (self.real_quality, self.real_templates, self.real_weights))
        for unit, read, kind, (quality, templates, weights) in zip(self.units, self.read, KINDS, held, strict=True):
            tried = [number for number in range(len(ACCESSES)) if np.isfinite(quality[number]).any()]
            log = np.log2(self.counts).tolist()
            places = {place: f"{count:,}" for place, count in zip(log, self.counts.tolist(), strict=True)}
            lines = {ACCESSES[number]: (log, quality[number].mean(0).tolist()) for number in tried}
            title = f"{unit} ({kind}): {read:.2f} from its weights, with no query"
            plots.append(curves(lines, across="queries", up="foretells photographs, correlation", title=title, include=(0.0, 1.0), places=places))
            sheets.append(self._sheet(f"{unit} ({kind})", templates[tried], [ACCESSES[number] for number in tried], weights))
        return {"queries": stacked(plots), "easier": ratios(self), "planted": sheets[0], "real": sheets[1]}

    def _sheet(self, title: str, templates: np.ndarray, names: list[str], weights: np.ndarray) -> Image.Image:
        columns = [place for place, count in enumerate(self.counts.tolist()) if count in DRAWN or place == len(self.counts) - 1]
        cells = [signed(way[place].mean(0)) if np.isfinite(way[place]).all() else None for way in templates for place in columns]
        cells += [signed(weights.mean(0)), *[None] * (len(columns) - 1)]
        heads = [f"{self.counts[place]:,} queries" for place in columns]
        note = "Each template in its own scale, blue negative, orange positive, channels averaged; weights took no query. Empty: not asked so often."
        return grid(cells, heads=heads, labels=[*names, "weights"], columns=len(columns), title=title, note=note, cell=88)


def greybox(
    images: Annotated[Photos | None, "Photographs that exemplars and gradients are taken from, and that templates are judged on."] = None,
    *,
    network: Network | None = None,
    unit: Annotated[str | None, "The real unit; its answers are read as given and rectified, as the next layer sees them."] = None,
    planted_unit: Annotated[str, "The planted unit."] = "wave",
    queries: Annotated[int, "Pictures shown in each way at most."] = 8192,
    spikes: Annotated[float, "Spikes that a picture of noise evokes on average, where spikes are counted."] = 0.1,
    repeats: Annotated[int, "How often everything is done anew, for intervals."] = 3,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> GreyboxResult:
    """Black box or open grey box: how many queries does it take to know a unit, and by how much is the artificial problem easier than the biological?

    A planted and a real unit are recovered from counted spikes, from exact answers to noise, gratings and photographs, from gradients and from
    weights. Each answer is a template, judged by how well it foretells the unit's answers to photographs that it was not made of.
    """
    from optogram.zoo._planted import planted

    if queries < LEAST or repeats < 2 or not spikes > 0:
        raise SettingError(f"at least {LEAST} queries, 2 repeats and more than 0 spikes a picture; got {queries}, {repeats} and {spikes:g}")
    given = planted(1)
    if planted_unit not in given.addresses:
        raise SettingError(unknown("planted unit", planted_unit, list(given.addresses)))
    most, often = (min(queries, 1024), 2) if quick else (queries, repeats)
    used = network_or_demo(network)
    address = unit or ("bn1:10" if network is None else f"{used.sites()[0].address}:0")
    with track("recovered", 2 * often, progress) as advance:
        found = [
            recover(one, where, *shown(one, images, CROPS, seed), most=most, spikes=spikes, repeats=often, seed=seed, advance=advance)
            for one, where in ((given.network, given.addresses[planted_unit]), (used, address))
        ]
    took = np.stack([_took(one) for one in found])
    easier = np.stack([_easier(rows, int(one.counts[-1])) for rows, one in zip(took, found, strict=True)])
    first, second = found
    return GreyboxResult(
        findings=(*_of_unit(first, took[0], "planted"), *_of_unit(second, took[1], "real"), *_said(found, took, easier, spikes)),
        provenance=made_by(
            "greybox",
            seed=seed,
            settings={"unit": address, "planted_unit": planted_unit, "queries": most, "spikes": spikes, "repeats": often},
            images=EMBEDDED if images is None else images,
            network=used,
        ),
        units=(first.unit, second.unit),
        counts=first.counts,
        planted_quality=first.quality,
        real_quality=second.quality,
        queries=took,
        easier=easier,
        planted_templates=first.templates,
        real_templates=second.templates,
        planted_weights=first.truth,
        real_weights=second.truth,
        read=(first.read, second.read),
    )


def _took(found: Recovery) -> Float[np.ndarray, "access repeat"]:
    """Queries until the quality is nine tenths of the best of any access; infinite where nothing tells of the unit."""
    if _best(found) < FAINTEST:
        return np.full(found.quality.shape[:2], np.inf)
    wanted = WANTED * _best(found)
    return np.array([[needed(found.counts, row, wanted) for row in rows] for rows in np.nan_to_num(found.quality, nan=-1.0)])


def _best(found: Recovery) -> float:
    return max(found.read, float(np.nanmax(found.quality.mean(1))))


def _of_unit(found: Recovery, took: np.ndarray, kind: str) -> list[Finding]:
    listed = []
    for number, access in enumerate(ACCESSES):
        tried = np.isfinite(found.quality[number, 0])
        if not tried.any():
            continue
        last = int(np.flatnonzero(tried)[-1])
        values, wrong = found.quality[number, :, last], float(found.others[number, :, last].mean())
        queries = middle(took[number])
        known = np.isfinite(queries)
        reached = f"{queries:,.0f} {'query' if queries < 1.5 else 'queries'}" if known else f"more than {found.counts[last]:,} queries"
        sentence = (
            f"The {kind} unit {found.unit} by {SAID[access]}: after {found.counts[last]:,} queries the template foretells photographs by "
            f"{values.mean():.2f} (other units of its layer: {wrong:z.2f}); {WANTED * _best(found):.2f} takes {reached}."
        )
        listed.append(Finding(f"{kind}_{access}", float(values.mean()), sentence, *_interval(values), control=wrong, chance=0.0))
    how = "what stands in its weights foretells" if found.exact else "a copy of the network, which the weights make, gives a template that foretells"
    sentence = (
        f"The {kind} unit {found.unit} by its weights: {how} photographs by {found.read:.2f} (other units: {found.read_others:z.2f}), with no query."
    )
    return [*listed, Finding(f"{kind}_weights", found.read, sentence, control=found.read_others, chance=0.0)]


def _interval(values: np.ndarray) -> tuple[float, float]:
    """95 % over repeats, by Student's t."""
    from scipy.special import stdtrit

    reach = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - reach, float(values.mean()) + reach


def middle(queries: Float[np.ndarray, " repeat"]) -> float:
    """The geometric mean over repeats, as numbers of queries are compared by ratios; infinite where one is."""
    return float(np.exp(np.log(queries).mean()))


def _easier(took: Float[np.ndarray, "access repeat"], most: int) -> Float[np.ndarray, "access 3"]:
    """How many times fewer queries each access takes than counted spikes do, with its interval over repeats; NaN where an access did not do.

    Where spikes did not do at all they count as the most that were shown: the ratio is then a lower bound, without an interval.
    """
    rows = np.full((len(took), 3), np.nan)
    sure = bool(np.isfinite(took[0]).all())
    for number in range(1, len(took)):
        if not np.isfinite(took[number]).all():
            continue
        ratio = np.log(np.minimum(took[0], most) / took[number])
        low, high = _interval(ratio) if sure else (np.nan, np.nan)
        rows[number] = np.exp([ratio.mean(), low, high])
    return rows


def _said(found: list[Recovery], took: np.ndarray, easier: np.ndarray, spikes: float) -> list[Finding]:
    listed = []
    for kind, one, rows, ratios_ in zip(KINDS, found, took, easier, strict=True):
        bound = middle(np.minimum(rows[0], one.counts[-1]))
        more = "" if np.isfinite(rows[0]).all() else "more than "
        ways = [number for number in range(1, len(ACCESSES)) if np.isfinite(ratios_[number, 0])]
        parts = [f"{BRIEFLY.get(ACCESSES[number], ACCESSES[number])} {more}{_times(ratios_[number])}" for number in ways]
        rest = f"The {kind} unit takes {more}{bound:,.0f} pictures where {spikes:g} spikes a picture are counted. "
        sentence = f"{rest}How many times fewer other ways take: {', '.join(parts) or 'none does'}; weights take no query."
        best = max(ways, key=lambda number: float(ratios_[number, 0]), default=0)
        value, low, high = (float(part) for part in (ratios_[best] if ways else (1.0, np.nan, np.nan)))
        sure = bool(np.isfinite(low))
        listed.append(Finding(f"{kind}_easier", value, sentence, low if sure else None, high if sure else None, chance=1.0))
    return listed


def _times(ratio: Float[np.ndarray, " 3"]) -> str:
    value, low, high = ratio.tolist()
    return f"{value:,.1f} ({low:,.1f} to {high:,.1f})" if np.isfinite(low) else f"{value:,.1f}"
