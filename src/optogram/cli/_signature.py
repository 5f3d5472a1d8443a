"""A lab's signature as a command's options, so that both are written once."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from optogram.cli._options import Device, Json, Labels, Preparation, Seed, Weights

Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Keep findings, arrays and figures in this folder.", show_default=False)]
Images = Annotated[str | None, typer.Option("--images", metavar="DIR", help="Your own photographs.", show_default=False)]
Quick = Annotated[bool, typer.Option("--quick", help="A smaller run, under ten seconds.")]
Model = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="torchvision:NAME, timm:NAME, zoo:NAME or path/file.py:factory.", show_default=False)
]
_EVERYWHERE: dict[str, tuple[Any, Any]] = {"out": (Out, None), "quick": (Quick, False), "seed": (Seed, 0), "json": (Json, False)}
_NETWORK: dict[str, tuple[Any, Any]] = {
    "model": (Model, None),
    "weights": (Weights, None),
    "labels": (Labels, None),
    "preprocess": (Preparation, None),
    "device": (Device, None),
}
_OWN_BUSINESS = ("quick", "seed", "progress", "images", "network")


def command(lab: Callable[..., Any], run: Callable[..., None]) -> Callable[..., None]:
    """A function for typer: `run(lab, given)` with the options of `lab`'s signature.

    `images` becomes --images, `network` --model, --weights, --labels, --preprocess and --device; a tuple is typed as a list with commas. The help
    of an own setting is the string of its `Annotated`, that of `images` too.
    """
    hints = typing.get_type_hints(lab, include_extras=True)
    asked = inspect.signature(lab).parameters
    options: dict[str, tuple[Any, Any]] = {"images": (_images(hints["images"]), None)} if "images" in asked else {}
    options |= _NETWORK if "network" in asked else {}
    options |= {name: _own(name, hints[name], entry.default) for name, entry in asked.items() if name not in _OWN_BUSINESS}
    options |= _EVERYWHERE
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind, default=default, annotation=hint) for name, (hint, default) in options.items()]

    def called(**given: Any) -> None:
        run(lab, {name: _value(value, hints.get(name)) for name, value in given.items()})

    called.__doc__ = inspect.getdoc(lab)
    called.__annotations__ = {name: hint for name, (hint, _) in options.items()}
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


def _images(hint: Any) -> Any:
    said = _help(hint)
    return Annotated[str | None, typer.Option("--images", metavar="DIR", help=said, show_default=False)] if said else Images


def _own(name: str, hint: Any, default: Any) -> tuple[Any, Any]:
    bare = _bare(hint)
    listed = _is_tuple(bare)
    told = None if listed or default is None else default
    option = typer.Option(f"--{name.replace('_', '-')}", help=_help(hint), show_default=default is not None)
    if isinstance(told, bool):
        option = typer.Option(f"--{name.replace('_', '-')}/--no-{name.replace('_', '-')}", help=_help(hint))
    if listed and default is None:
        return Annotated[str | None, option], None
    return Annotated[str if listed else bare, option], ",".join(map(str, default)) if listed else default


def _value(given: Any, hint: Any) -> Any:
    """What was typed as the lab wants it: only lists with commas change."""
    bare = _bare(hint)
    if not _is_tuple(bare) or not isinstance(given, str):
        return given
    kind = typing.get_args(bare)[0]
    try:
        return tuple(kind(entry.strip()) for entry in given.split(",") if entry.strip())
    except ValueError as error:
        raise typer.BadParameter(f'a list with commas, such as 2,3,5; got "{given}"') from error


def _is_tuple(hint: Any) -> bool:
    return typing.get_origin(hint) is tuple


def _bare(hint: Any) -> Any:
    """The type without its help, and `X | None` of a tuple as the tuple."""
    plain = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    inner = [entry for entry in typing.get_args(plain) if entry is not type(None)] if isinstance(plain, types.UnionType) else []
    return inner[0] if len(inner) == 1 and _is_tuple(inner[0]) else plain


def _help(hint: Any) -> str | None:
    extras = typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, str)), None)
