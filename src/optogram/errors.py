"""Every error that optogram raises on purpose.

    OptogramError
    ├── LoadError              a network or its weights cannot be had
    ├── AddressError           no such site, unit or place, or more than one
    ├── InputError             images of the wrong shape, type, range or number of channels
    ├── SettingError           a setting that cannot be: unknown name, number out of range
    ├── SourceError            photographs that cannot be read at all, or none
    ├── NotDefinedError        a method that is not defined for this network: says why and what to use instead
    ├── InterceptionError      an operation of the network escaped the interception a method needs
    ├── NonFiniteError         NaN or infinity where a number was needed
    ├── StaleError             a result that belongs to other weights, other photographs or another version
    ├── AtlasError             a folder that is no atlas, or one that cannot be written
    ├── MissingExtraError      an optional dependency is not installed: names the line to type
    └── Stopped                interrupted; what is done is kept, and the message says how to go on

Each message states the rule, the value received, and what to type instead. Errors that a wrong argument causes are
also `ValueError`s, so that code which knows nothing of optogram can catch them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OptogramError(Exception):
    """The root: catch this to catch everything that optogram raises on purpose."""


class LoadError(OptogramError, ValueError):
    """A network, or its weights, cannot be had."""


class AddressError(OptogramError, ValueError):
    """An address names no site, unit or place of the network, or more than one."""


class InputError(OptogramError, ValueError):
    """Images of the wrong shape, type, range or number of channels."""


class SettingError(OptogramError, ValueError):
    """A setting that cannot be: an unknown name, a number out of its range."""


class SourceError(OptogramError, ValueError):
    """Photographs that cannot be read at all, or a source without any."""


class NotDefinedError(OptogramError, ValueError):
    """A method that is not defined for this network or unit; the message says why and what to use instead."""


class InterceptionError(OptogramError, RuntimeError):
    """An operation of the network escaped the interception that a method needs to be right."""


class NonFiniteError(OptogramError, ArithmeticError):
    """NaN or infinity where a number was needed."""


class StaleError(OptogramError, ValueError):
    """A result that belongs to other weights, other photographs or another version of the format."""


class AtlasError(OptogramError, RuntimeError):
    """A folder that is no atlas, or one that cannot be written."""


class MissingExtraError(OptogramError, ImportError):
    """An optional dependency is not installed; the message names the line that installs it."""


class Stopped(OptogramError):
    """Interrupted by the user; what was done is kept, and the message says how to go on."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The `count` known names most like `name`, best first; names that contain it or start like it come before others."""
    names = list(known)
    folded = name.casefold()
    inside = [other for other in names if folded and (folded in other.casefold() or other.casefold() in folded)]
    alike = difflib.get_close_matches(name, names, n=count, cutoff=0.4)
    ranked = sorted(dict.fromkeys(alike + inside), key=lambda other: -_likeness(name, other))
    return ranked[:count]


def unknown(what: str, name: str, known: Iterable[str], hint: str = "", where: str = "") -> str:
    """One line for a name that is not known: what it is, the nearest that are, and how to see all."""
    names = list(known)
    close = nearest(name, names)
    middle = f"Nearest: {', '.join(close)}." if close else f"There are {len(names)}: {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
    return f'no {what} "{name}"{where}. {middle}{" " + hint if hint else ""}'


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, name, other).ratio()
