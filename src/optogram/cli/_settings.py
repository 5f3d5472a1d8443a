"""`--set name=value`: a method's own settings as they are typed, read by the types of its signature."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, Literal

from optogram.errors import SettingError, unknown

WORDS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def settings_of(pairs: Sequence[str], methods: Sequence[Callable[..., Any]]) -> dict[str, Any]:
    """What `--set steps=64 --set window=16,8` means to these methods: each value in the type of the first method that knows the name.

    Raises `SettingError` for what is no `name=value`, a name that none of them knows, and a value of another type.
    """
    known: dict[str, tuple[Any, Any]] = {}
    for method in reversed(methods):
        hints = typing.get_type_hints(method)
        asked = inspect.signature(method).parameters.values()
        known |= {one.name: (hints.get(one.name, Any), one.default) for one in asked if one.kind is one.KEYWORD_ONLY}
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        key = name.strip().replace("-", "_")
        if not equals or not key:
            raise SettingError(f'--set takes name=value, such as --set steps=64; got "{pair}"')
        if key not in known:
            raise SettingError(unknown("setting", key, sorted(known), where=_whose(methods)))
        found[key] = _read(key, text.strip(), *known[key])
    return found


def described(method: Callable[..., Any]) -> list[str]:
    """A method's settings, one a line: name, default, and what it takes."""
    hints = typing.get_type_hints(method)
    asked = [one for one in inspect.signature(method).parameters.values() if one.kind is one.KEYWORD_ONLY]
    return [f"--set {one.name}={_shown(one.default)}   {_takes(hints.get(one.name, Any))}" for one in asked]


def _read(name: str, text: str, hint: Any, default: Any) -> Any:
    for kind in _kinds(hint):
        value = _tried(text, kind)
        if value is not _NOT:
            return value
    raise SettingError(f'{name} is {_takes(hint)}; got "{text}". Type --set {name}={_shown(default)}')


_NOT = object()


def _tried(text: str, kind: Any) -> Any:
    """The text as a value of that type, or `_NOT`."""
    if kind is type(None):
        return None if text.lower() == "none" else _NOT
    if kind is bool:
        return TRUTH.get(text.lower(), _NOT)
    if typing.get_origin(kind) is Literal:
        return next((choice for choice in typing.get_args(kind) if str(choice) == text), _NOT)
    if _is_list(kind):
        inner = next((entry for entry in typing.get_args(kind) if entry is not Ellipsis), str)
        values = [_tried(part.strip(), inner) for part in text.split(",") if part.strip()]
        wanted = [entry for entry in typing.get_args(kind) if entry is not Ellipsis]
        fixed = typing.get_origin(kind) is tuple and Ellipsis not in typing.get_args(kind)
        return _NOT if "," not in text or _NOT in values or (fixed and len(values) != len(wanted)) else tuple(values)
    for number in (int, float) if kind is Any else (kind,) if kind in (int, float) else ():
        try:
            return number(text)
        except ValueError:
            continue
    return text if kind in (str, Any) else _NOT


def _kinds(hint: Any) -> list[Any]:
    """The types that a hint allows, the narrow ones first: none, truth, whole numbers, numbers, lists, words."""
    parts = list(typing.get_args(hint)) if typing.get_origin(hint) in (typing.Union, types.UnionType) else [hint]
    order = [type(None), bool, int, float]
    return sorted(parts, key=lambda kind: order.index(kind) if kind in order else len(order) + (kind is str))


def _takes(hint: Any) -> str:
    return " or ".join(dict.fromkeys(_said(kind) for kind in _kinds(hint)[::-1]))


def _said(kind: Any) -> str:
    if kind is type(None):
        return "none"
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    if _is_list(kind):
        inner = next(iter(typing.get_args(kind)), str)
        return "whole numbers with commas" if inner is int else "numbers with commas" if inner is float else "words with commas"
    return WORDS.get(kind, "a word or a number")


def _shown(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return "..."
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    return str(default).lower() if default is None or isinstance(default, bool) else str(default)


def _is_list(kind: Any) -> bool:
    return typing.get_origin(kind) in (tuple, list, collections.abc.Sequence)


def _whose(methods: Sequence[Callable[..., Any]]) -> str:
    return f" of {methods[0].__name__}" if len(methods) == 1 else " of these methods"
