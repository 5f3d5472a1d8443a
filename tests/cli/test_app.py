from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import optogram
from optogram.cli import _app
from optogram.cli._app import run
from optogram.registry import Registry

COMMANDS = {
    "__init__.py": '"""Commands."""',
    "say_hello.py": '''"""Say hello to a network. Twice if asked."""
from typing import Annotated
import typer
def say_hello(model: Annotated[str, typer.Argument(metavar="MODEL")], twice: bool = False) -> None:
    """Say hello to a network."""
    print("hello", model, *(["again"] if twice else []))
''',
    "broken.py": '"""Cannot be imported."""\nraise ImportError("imported")\n',
    "fail.py": '''"""Raise what is asked for."""
import errno, warnings
from optogram.errors import AddressError, Stopped
class OutOfMemoryError(RuntimeError): pass
RAISED = {
    "address": AddressError("no site \\"a\\".\\nNearest: b"), "stopped": Stopped("stopped after 4 of 5; nothing is lost."),
    "interrupt": KeyboardInterrupt(), "memory": MemoryError(), "device": OutOfMemoryError("CUDA"), "bug": RuntimeError("a bug"),
    "full": OSError(errno.ENOSPC, "No space left on device", "a.npz"), "pipe": BrokenPipeError(),
}
def fail(how: str) -> None:
    """Raise what is asked for."""
    warnings.warn("3 of 5 files were left out", stacklevel=1)
    raise RAISED[how]
''',
    "group.py": '''"""Two commands under one name."""
import typer
group = typer.Typer()
@group.command()
def one() -> None: print("one")
@group.command()
def two() -> None: print("two")
''',
}


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    package = tmp_path / "planted_commands"
    package.mkdir()
    for name, text in COMMANDS.items():
        (package / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(_app, "COMMANDS", Registry("planted_commands", "command"))
    yield
    for name in [name for name in sys.modules if name.startswith("planted_commands")]:
        del sys.modules[name]


Capture = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("commands")
@pytest.mark.filterwarnings("default:3 of 5")
class TestPlanted:
    def test_help_lists_every_file_without_importing_it(self, capsys: Capture) -> None:
        assert run(["--help"]) == 0
        out = capsys.readouterr().out
        assert "say-hello  Say hello to a network." in out
        assert "broken     Cannot be imported." in out
        assert not {name for name in sys.modules if name.startswith("planted_commands.")}

    def test_nothing_typed_shows_help(self, capsys: Capture) -> None:
        assert run([]) == 0
        assert "say-hello" in capsys.readouterr().out

    def test_a_command_imports_only_its_own_file(self, capsys: Capture) -> None:
        assert run(["say-hello", "zoo:none", "--twice"]) == 0
        assert capsys.readouterr().out == "hello zoo:none again\n"
        assert {name for name in sys.modules if name.startswith("planted_commands.")} == {"planted_commands.say_hello"}

    def test_its_own_help_shows_its_arguments(self, capsys: Capture) -> None:
        assert run(["say-hello", "--help"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("Usage: optogram say-hello [OPTIONS]")
        assert "MODEL" in out
        assert "--twice" in out

    def test_a_file_may_hold_a_group(self, capsys: Capture) -> None:
        assert run(["group", "two"]) == 0
        assert capsys.readouterr().out == "two\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["say-helo"], 'error: no command "say-helo". Nearest: say-hello.'),
            (["--verbose"], "error: No such option: --verbose"),
            (["say-hello"], "error: Missing argument 'MODEL'."),
            (["say-hello", "a", "--thrice"], "error: No such option: --thrice"),
        ],
    )
    def test_wrong_usage_is_2_and_says_what(self, capsys: Capture, arguments: list[str], message: str) -> None:
        assert run(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(message)
        assert "--help" in err.splitlines()[-1]

    @pytest.mark.parametrize(
        ("how", "code", "message"),
        [
            ("address", 1, 'error: no site "a".\n       Nearest: b\n'),
            ("memory", 1, "error: not enough memory. A smaller --batch-size or a smaller network needs less.\n"),
            ("device", 1, "error: not enough memory. A smaller --batch-size or a smaller network needs less.\n"),
            ("full", 1, "error: No space left on device: a.npz\n"),
            ("stopped", 130, "stopped after 4 of 5; nothing is lost.\n"),
            ("interrupt", 130, "stopped.\n"),
        ],
    )
    def test_what_goes_wrong_is_one_line_and_a_code(self, capsys: Capture, how: str, code: int, message: str) -> None:
        assert run(["fail", how]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err == "warning: 3 of 5 files were left out\n" + message

    def test_a_bug_is_not_hidden(self) -> None:
        with pytest.raises(RuntimeError, match="a bug"):
            run(["fail", "bug"])


def test_version(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"optogram {optogram.__version__}\n"


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "import sys; from optogram.cli import _app, main; sys.argv = ['optogram', '--help']; main()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait() == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def names() -> list[str]:
    return _app.COMMANDS.names()


@pytest.mark.parametrize("name", names())
def test_every_command_has_a_line_and_a_help_that_begins_with_it(capsys: Capture, name: str) -> None:
    summary = _app.COMMANDS.summary(name)
    assert summary
    assert run([name.replace("_", "-"), "--help"]) == 0
    assert " ".join(capsys.readouterr().out.split()).startswith(f"Usage: optogram {name.replace('_', '-')}")


@pytest.mark.parametrize("name", names())
def test_no_commands_help_imports_torch(name: str) -> None:
    code = f"import sys; from optogram.cli._app import run; run(['{name.replace('_', '-')}', '--help']); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
