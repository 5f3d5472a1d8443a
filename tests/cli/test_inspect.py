"""`optogram inspect` and `optogram atlas`: what an atlas holds, what is missing, and a build that is stopped and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Type, one_line

from optogram.exemplars.collector import Collector

BUILD = ["atlas", "net.py:colours", "photos", "-o", "made", "--twins", "0", "--pictures", "none", "--panel", "6"]


@pytest.mark.filterwarnings("ignore")
def test_a_build_that_is_stopped_says_how_to_go_on_and_the_same_command_does(typed: Type, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Collector, "begin", pressed)
        found = typed(*BUILD)
    assert found.code == 130
    assert "Go on with the same command." in found.err
    assert "no atlas" in one_line(typed("inspect", "made").err)
    assert "go on with the same `optogram atlas` command" in typed("inspect", "made").err
    built = typed(*BUILD)
    assert built.code == 0, built.err
    assert "optogram serve made" in built.out

    found = typed("inspect", "made")
    assert (found.code, found.err) == (0, "")
    assert "3 sites, 7 units, 12 photographs" in found.out
    manifest = typed("inspect", "made", "--json").json
    assert [site["address"] for site in manifest["networks"][0]["sites"]] == ["0", "2", "5"]
    assert manifest["photographs"]["count"] == 12

    first = next((place / "made" / "data").rglob("units-*.parquet"))
    first.write_bytes(first.read_bytes()[:-1])
    found = typed("inspect", "made")
    assert found.code == 1
    assert f"1 files are missing or cut short, {first.relative_to(place / 'made')} the first" in one_line(found.err)

    other = typed(*BUILD, "--steps", "7")
    assert other.code == 1
    assert "Choose another folder, or remove this one" in one_line(other.err)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--site", "9"], 'no site "9"'),
        (["--pictures", "stage"], "Nearest: stages"),
        (["--twins", "2", "--viewer", "resnet18"], "did you mean torchvision:resnet18"),
        (["--twins", "2", "--viewer", "net.py:colours"], "cannot be its own viewer"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_misspelt_is_told_before_any_work(typed: Type, place: Path, arguments: list[str], told: str) -> None:
    found = typed(*BUILD, *arguments)
    assert (found.code, found.out) == (1, "")
    assert told in one_line(found.err)
    assert not (place / "made").exists()


def test_what_is_no_atlas(typed: Type) -> None:
    for command in ("inspect", "serve"):
        found = typed(command, "photos")
        assert found.code == 1
        assert "photos holds no atlas (no manifest.json)" in one_line(found.err)
    assert typed("inspect").code == 2
    assert typed("serve", "photos", "--port", "70000").code == 2


def test_another_address_than_this_machine_s_needs_a_token(typed: Type) -> None:
    found = typed("serve", "photos", "--host", "0.0.0.0")
    assert (found.code, found.out) == (1, "")
    assert "--token" in one_line(found.err)
    assert "holds no atlas" in one_line(typed("serve", "photos", "--host", "0.0.0.0", "--token", "new").err)
