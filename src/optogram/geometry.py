"""Boxes of pixels: half-open, in whole pixels, allowed to leave the image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right`, half-open, in pixels; may leave the image.

    `clipped` says that the box was measured on an image too small to hold it, so that the true box may be larger.
    """

    top: int
    left: int
    bottom: int
    right: int
    clipped: bool = False

    @property
    def height(self) -> int:
        """Rows that the box holds."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns that the box holds."""
        return self.right - self.left

    def shifted(self, rows: int, columns: int) -> Box:
        """The same box moved down by `rows` and right by `columns`."""
        return Box(self.top + rows, self.left + columns, self.bottom + rows, self.right + columns, self.clipped)

    def within(self, height: int, width: int) -> Box:
        """The part of the box that lies on an image of that size."""
        top, bottom = (min(max(edge, 0), height) for edge in (self.top, self.bottom))
        left, right = (min(max(edge, 0), width) for edge in (self.left, self.right))
        return Box(top, left, bottom, right, self.clipped)

    def overlaps(self, other: Box) -> bool:
        """Whether the two boxes have a pixel in common."""
        return max(self.top, other.top) < min(self.bottom, other.bottom) and max(self.left, other.left) < min(self.right, other.right)

    def contains(self, row: int, column: int) -> bool:
        """Whether that pixel lies in the box."""
        return self.top <= row < self.bottom and self.left <= column < self.right

    def as_tuple(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right."""
        return self.top, self.left, self.bottom, self.right
