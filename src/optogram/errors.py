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

LIKE = 0.4
"""Names at least this alike (difflib's ratio) are worth naming in a message."""


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
    """The `count` known names most like `name`, best first, whatever the case; one that holds it, or is held by it, is always like it."""
    folded = name.casefold()

    def likeness(other: str) -> float:
        other = other.casefold()
        alike = difflib.SequenceMatcher(None, folded, other).ratio()
        return max(alike, LIKE) if folded and other and (folded in other or other in folded) else alike

    ranked = sorted(((likeness(other), other) for other in dict.fromkeys(known)), key=lambda pair: -pair[0])
    return [other for alike, other in ranked[:count] if alike >= LIKE]


def unknown(what: str, name: str, known: Iterable[str], hint: str = "", where: str = "") -> str:
    """One line for a name that is not known: what it is, the nearest that are, and how to see all."""
    names = list(known)
    close = nearest(name, names)
    all_of_them = f"{len(names)}: {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
    middle = f"Nearest: {', '.join(close)}." if close else f"There {'is' if len(names) == 1 else 'are'} {all_of_them}"
    return f'no {what} "{name}"{where}. {middle}{" " + hint if hint else ""}'


def explain(error: BaseException, text: str) -> None:
    """Says in one line what an error that is not ours means, such as one that a network's forward raised: the first that says so is heard.

    Python shows the line below the error, the program instead of it.
    """
    if explained(error) is None:
        error._optogram = text  # type: ignore[attr-defined]
        error.add_note(text)


def explained(error: BaseException) -> str | None:
    """What `explain` said of it."""
    return getattr(error, "_optogram", None)


def out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch (which has no type for it on a processor, and is not imported here) found no memory."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
