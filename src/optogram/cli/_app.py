"""The program `optogram`: lists its commands by reading their files, imports only the one that is called, tells what went wrong.

Exit codes: 0 done, 1 could not (one line on standard error), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from optogram.errors import OptogramError, Stopped, explained, nearest, out_of_memory
from optogram.registry import Registry

COMMANDS = Registry("optogram.cli", "command")

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

UsageError: type[Any] = typer.BadParameter.__bases__[0]
"""The root of what a wrong command line raises; typer exports only its child."""


class Listed(TyperCommand):
    """A command that is known by its name and its file's first line; its file is imported when it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the command itself, in this one's place."""
        return _loaded(str(self.name)).make_context(info_name, args, parent=parent, **extra)


class Commands(TyperGroup):
    """Every command that the registry knows."""

    @functools.cached_property
    def known(self) -> list[str]:
        """The names as they are typed; read once, since looking through what is installed takes time."""
        return [name.replace("_", "-") for name in COMMANDS.names()]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names as they are typed."""
        return self.known

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, not yet imported; `None` if there is none."""
        return Listed(name=cmd_name, help=COMMANDS.summary(cmd_name)) if cmd_name in self.known else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments begin with; a usage error with the nearest names if there is none."""
        if args[0] not in self.known and not args[0].startswith("-"):
            near = nearest(args[0], self.known)
            ctx.fail(f'no command "{args[0]}". {"Nearest" if near else "There are"}: {", ".join(near or self.known)}.')
        return super().resolve_command(ctx, args)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code; results go to standard output, everything else to standard error."""
    try:
        with _plain_warnings():
            return _invoke(list(arguments) or ["--help"])
    except UsageError as error:
        return _misused(error)
    except (Stopped, KeyboardInterrupt) as error:
        print(str(error) or "stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has had enough; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if (reason := _reason(error)) is None:
            raise
        _say("error", reason)
        return FAILED


def _invoke(arguments: list[str]) -> int:
    program = typer.Typer(cls=Commands, add_completion=False, rich_markup_mode=None)
    program.callback()(optogram)
    command = typer.main.get_command(program)
    try:
        with command.make_context("optogram", arguments) as context:
            command.invoke(context)
            sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    return DONE


def _version(asked: bool) -> bool:
    if asked:
        from optogram import __version__

        print(f"optogram {__version__}")
        raise typer.Exit
    return asked


def optogram(version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)] = False) -> None:
    """A microscope for vision networks: what drives each unit, what in a photograph drives it, whether to believe the picture.

    MODEL is torchvision:NAME, timm:NAME, hf:NAME, zoo:NAME or path/file.py:factory. `optogram COMMAND --help` says the rest.
    """


def _loaded(name: str) -> Any:
    """The command itself: a function, or a typer program with commands of its own."""
    found: Callable[..., Any] | typer.Typer = COMMANDS.get(name)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command(name)(found)
    return typer.main.get_command(program)


def _misused(error: Any) -> int:
    _say("error", error.format_message())
    if error.ctx is not None:
        print(f"{error.ctx.get_usage()}\nTry: {error.ctx.command_path} --help", file=sys.stderr)
    return MISUSED


def _reason(error: BaseException) -> str | None:
    """What went wrong in one line; `None` for a mistake of the program, which shows where it is."""
    if out_of_memory(error):
        return "not enough memory. A smaller --batch-size or a smaller network needs less."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, OptogramError | OSError):
        return str(error) or type(error).__name__
    return explained(error)


def _say(kind: str, message: str) -> None:
    print(f"{kind}: {message}".replace("\n", "\n" + " " * (len(kind) + 2)), file=sys.stderr)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as one line without the file and line of the code that warns."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: _say("warning", str(message))
        yield
