"""Text alternatives, made from facts: what a picture is, never what it seems to show. The viewer shows the same words."""

from __future__ import annotations

from optogram.geometry import Box


def exemplar_alt(address: str, kind: str, rank: int, of: int | str, photo: str, box: Box, activation: float, quantile: float | None = None) -> str:
    """`Strongest photograph 1 of 9 for layer4.1.bn2:17: china.jpg, rows 120 to 219, columns 40 to 139, response 14.2.`"""
    name = {"top": "Strongest", "bottom": "Weakest"}.get(kind, "" if quantile is None else f"{ordinal(quantile)} percentile")
    place = f"rows {box.top} to {box.bottom - 1}, columns {box.left} to {box.right - 1}"
    return f"{name} photograph {rank + 1} of {of} for {address}: {photo}, {place}, response {number(activation)}."


def picture_alt(address: str, seed: int, steps: int, verdict: str, activation: float, greatest: float) -> str:
    """`Synthesised for layer4.1.bn2:17: seed 3, 512 steps, converged, response 115, 8.1 times the strongest photograph.`"""
    ratio = f", {number(activation / greatest)} times the strongest photograph's" if greatest > 0 and activation > 0 else ""
    return f"Synthesised for {address}: seed {seed}, {steps} steps, {verdict}, response {number(activation)}{ratio}."


def number(value: float) -> str:
    """Three significant digits, without an exponent where it can be read without."""
    if value != value:
        return "none"
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e6 else text


def ordinal(quantile: float) -> str:
    """`75th`, `5th`, `50th`."""
    percent = round(100 * quantile)
    ending = "th" if percent % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(percent % 10, "th")
    return f"{percent}{ending}"
