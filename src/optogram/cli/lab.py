"""Run a small experiment that teaches one idea end to end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from optogram.cli._output import as_json
from optogram.cli._saved_labs import belongs_to_an_atlas, typed, write_index
from optogram.cli._signature import command
from optogram.errors import nearest
from optogram.registry import Registry

LABS = Registry("optogram.lab", "lab")


class Listed(TyperCommand):
    """A lab that is known by its name and its file's first line; its file is imported when it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the lab's own command, in this one's place."""
        program = typer.Typer(add_completion=False, rich_markup_mode=None)
        program.command(self.name)(command(LABS.get(str(self.name)), run))
        return typer.main.get_command(program).make_context(info_name, args, parent=parent, **extra)


class Labs(TyperGroup):
    """Every lab that the registry knows."""

    @functools.cached_property
    def known(self) -> list[str]:
        """The names as they are typed."""
        return [name.replace("_", "-") for name in LABS.names()]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names as they are typed."""
        return self.known

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The lab of that name, not yet imported; `None` if there is none."""
        return Listed(name=cmd_name, help=LABS.summary(cmd_name)) if cmd_name in self.known else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The lab that the arguments begin with; a usage error with the nearest names if there is none."""
        if args[0] not in self.known and not args[0].startswith("-"):
            near = nearest(args[0], self.known)
            ctx.fail(f'no lab "{args[0]}". {"Nearest" if near else "There are"}: {", ".join(near or self.known)}.')
        return super().resolve_command(ctx, args)


lab = typer.Typer(cls=Labs, add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@lab.callback()
def labs() -> None:
    """Run a small experiment that teaches one idea end to end.

    Each measures what it says, with a control; `optogram lab NAME --help` lists its settings.
    """


def run(chosen: Callable[..., Any], given: dict[str, Any]) -> None:
    """Runs a lab as its command was typed, prints what it found, and keeps it where a folder was named."""
    asked, out, json = dict(given), given.pop("out"), given.pop("json")
    if "images" in given:
        from optogram.images.open_images import open_images

        given["images"] = None if given["images"] is None else open_images(given["images"])
    if "model" in given:
        from optogram.network.load import load

        model, own = given.pop("model"), {name: given.pop(name) for name in ("weights", "labels", "preprocess", "device")}
        given["network"] = None if model is None else load(model, **own, seed=given["seed"])
    found = chosen(**given)
    print(as_json(found.as_dict()) if json else found)
    files = found.keep(out) if out else []
    if out and belongs_to_an_atlas(out):
        titles = {name: LABS.summary(name) for name in LABS.names()}
        files.append(write_index(out, titles, {found.name: typed(found.name, chosen, asked)}))
    if not json:
        print(*files, sep="\n", end="\n" if files else "")
