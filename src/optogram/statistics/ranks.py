"""Order and average ranks of many rows at once.

Single precision, which responses and scores have, is sorted as integers that hold value and place together: half the time of an argsort on
processors without wide registers, and stable.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def order_of(rows: Float[np.ndarray, "row place"]) -> Int[np.ndarray, "row place"]:
    """Places of each row by value, equal ones in their own order, NaN last."""
    if rows.dtype != np.float32 or np.isnan(rows).any():
        return np.argsort(rows, axis=1, kind="stable")
    return _keys(rows) & _PLACE


def greatest(rows: Float[np.ndarray, "row place"], count: int) -> Int[np.ndarray, "row chosen"]:
    """Places of the `count` greatest of each row, weakest first; of equal ones those farther right, as at the end of `order_of`."""
    if rows.dtype != np.float32 or np.isnan(rows).any():
        return order_of(rows)[:, -count:]
    return np.sort(np.partition(_unsorted(rows), rows.shape[1] - count, axis=1)[:, -count:], axis=1) & _PLACE


def least(rows: Float[np.ndarray, "row place"], count: int) -> Int[np.ndarray, "row chosen"]:
    """Places of the `count` least of each row: the beginning of `order_of`, found without sorting the rest."""
    if rows.dtype != np.float32 or np.isnan(rows).any() or count >= rows.shape[1]:
        return order_of(rows)[:, :count]
    return np.sort(np.partition(_unsorted(rows), count - 1, axis=1)[:, :count], axis=1) & _PLACE


def centred_ranks(values: Float[np.ndarray, "patch column"]) -> Float[np.ndarray, "patch column"]:
    """Twice the average rank (ties share the mean of their places) less its mean: integers, in float64. NaN in a column that holds one."""
    rows = np.ascontiguousarray(values.T)
    count = rows.shape[1]
    if rows.dtype == np.float32 and not np.isnan(rows).any():
        keys = _keys(rows)
        order, coded = keys & _PLACE, keys >> 32
        equal = coded[:, 1:] == coded[:, :-1]
    else:
        order = np.argsort(rows, axis=1)
        ordered = np.take_along_axis(rows, order, axis=1)
        equal = ordered[:, 1:] == ordered[:, :-1]
    steps = np.broadcast_to(np.arange(1 - count, count, 2, dtype=np.float64), rows.shape)
    ranks = np.empty(rows.shape)
    order += np.arange(len(rows))[:, None] * count  # one index a number: written in half the time of row and place
    ranks.reshape(-1)[order] = _shared(steps, equal) if equal.any() else steps
    if np.isnan(rows).any():
        ranks[np.isnan(rows).any(axis=1)] = np.nan
    return ranks.T


_PLACE = 0xFFFFFFFF


def _keys(rows: Float[np.ndarray, "row place"]) -> Int[np.ndarray, "row place"]:
    keys = _unsorted(rows)
    keys.sort(axis=1)
    return keys


def _unsorted(rows: Float[np.ndarray, "row place"]) -> Int[np.ndarray, "row place"]:
    """Above, the bits of each number so turned that integers rank as they do; below, its place. Both noughts are one."""
    bits = (rows + np.float32(0)).view(np.int32).astype(np.int64)
    bits ^= (bits >> 63) & 0x7FFFFFFF
    bits <<= 32
    bits |= np.arange(rows.shape[1], dtype=np.int64)
    return bits


def _shared(steps: Float[np.ndarray, "row place"], equal: np.ndarray) -> Float[np.ndarray, "row place"]:
    """Each run of equal numbers gets the mean of its ends."""
    found = steps.copy()
    flat, width = found.reshape(-1), steps.shape[1]
    row, column = np.nonzero(equal)
    at = row * width + column
    begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    first, last = at[begins], at[np.append(begins[1:], len(at)) - 1] + 1
    mean, length = (flat[first] + flat[last]) / 2, last - first + 1
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    flat[np.repeat(first, length) + within] = np.repeat(mean, length)
    return found
