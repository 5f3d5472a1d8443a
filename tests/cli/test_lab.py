from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optogram.cli import lab as command
from optogram.cli._app import run
from optogram.registry import Registry

PLANTED = '''"""Count to a number. And further."""
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated, ClassVar
import numpy as np
from PIL import Image
from optogram.images.photos import Photos
from optogram.lab._result import LabResult, Finding, made_by, share
@dataclass(frozen=True, kw_only=True, eq=False)
class CountResult(LabResult):
    ARRAYS: ClassVar[tuple[str, ...]] = ("numbers",)
    numbers: np.ndarray
    def pictures(self):
        return {"one": Image.new("RGB", (8, 8)), "two": Image.new("RGB", (8, 8))}
    def films(self):
        return {"moving": [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 200)]}
def count_up(
    images: Photos | None = None,
    *,
    most: Annotated[int, "Where to stop."] = 3,
    steps: Annotated[tuple[int, ...], "The steps."] = (1, 2),
    word: Annotated[str | None, "A word."] = None,
    loud: Annotated[bool, "Whether to shout."] = False,
    quick: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> CountResult:
    """Counts."""
    seen = 0 if images is None else len(images)
    said = f"Counted to {most} in {steps} ({word}, {loud}, {quick}, {seed}, {seen})."
    findings = (Finding("most", most, said), share("half", 1, 2, "1 of 2 ({value}; {low} to {high})."))
    return CountResult(findings=findings, provenance=made_by("count_up", seed=seed, images=images), numbers=np.arange(most))
'''
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    package = tmp_path / "planted_labs"
    package.mkdir()
    (package / "__init__.py").write_text('"""Labs."""\n')
    (package / "count_up.py").write_text(PLANTED)
    (package / "broken.py").write_text('"""Cannot be imported."""\nraise ImportError("imported")\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(command, "LABS", Registry("planted_labs", "lab"))
    yield
    for name in [name for name in sys.modules if name.startswith("planted_labs")]:
        del sys.modules[name]


def test_labs_are_listed_without_being_imported(capsys: Capture) -> None:
    assert run(["lab", "--help"]) == 0
    out = capsys.readouterr().out
    assert "count-up  Count to a number." in out
    assert "broken    Cannot be imported." in out
    assert "planted_labs.count_up" not in sys.modules


def test_the_signature_is_the_command(capsys: Capture) -> None:
    typed = ["lab", "count-up", "--most", "5", "--steps", "2, 4,8", "--word", "ten", "--loud", "--quick", "--seed", "7"]
    assert run(typed) == 0
    assert capsys.readouterr().out == "Counted to 5 in (2, 4, 8) (ten, True, True, 7, 0).\n1 of 2 (50 %; 1 % to 99 %).\n"


def test_defaults_are_the_signatures(capsys: Capture) -> None:
    assert run(["lab", "count-up"]) == 0
    assert capsys.readouterr().out.startswith("Counted to 3 in (1, 2) (None, False, False, 0, 0).\n")


def test_help_tells_each_setting(capsys: Capture) -> None:
    assert run(["lab", "count-up", "--help"]) == 0
    out = capsys.readouterr().out
    for said in (
        "--most",
        "Where to stop.",
        "[default: 3]",
        "--steps",
        "[default: 1,2]",
        "--loud",
        "--no-loud",
        "--images",
        "--out",
        "--json",
        "--seed",
    ):
        assert said in out
    assert "--progress" not in out


def test_photographs_are_opened(tmp_path: Path, capsys: Capture) -> None:
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (9, 9)).save(folder / "a.png")
    assert run(["lab", "count-up", "--images", str(folder)]) == 0
    assert ", 1).\n" in capsys.readouterr().out
    assert run(["lab", "count-up", "--images", str(tmp_path / "photo")]) == 1
    assert "photos" in capsys.readouterr().err


def test_out_keeps_everything_and_names_it(tmp_path: Path, capsys: Capture) -> None:
    assert run(["lab", "count-up", "--out", str(tmp_path / "kept")]) == 0
    out = capsys.readouterr().out
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert names == {"count_up.json", "count_up.npz", "count_up-one.png", "count_up-two.png", "count_up-moving.gif"}
    assert all(str(tmp_path / "kept" / name) in out for name in names)
    assert json.loads((tmp_path / "kept" / "count_up.json").read_text())["provenance"]["method"] == "count_up"


def test_json(capsys: Capture) -> None:
    assert run(["lab", "count-up", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["findings"][1]["low"] == pytest.approx(0.0126, abs=1e-3)


@pytest.mark.parametrize(
    ("typed", "said"), [(["count-upp"], "count-up"), (["count-up", "--steps", "2,x"], "2,x"), (["count-up", "--mst", "2"], "--mst")]
)
def test_what_is_mistyped_is_wrong_usage(typed: list[str], said: str, capsys: Capture) -> None:
    assert run(["lab", *typed]) == 2
    assert said in capsys.readouterr().err


def test_a_lab_kept_in_an_atlas_is_listed_there(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    assert run(["lab", "count-up", "--most", "5", "--out", str(tmp_path / "labs")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("index.json")
    (entry,) = json.loads((tmp_path / "labs" / "index.json").read_text())
    assert (entry["name"], entry["title"], entry["command"]) == (
        "count_up",
        "Count to a number. And further.",
        "optogram lab count-up --most 5 --seed 0",
    )
    assert [picture["file"] for picture in entry["pictures"]] == ["count_up-one.png", "count_up-two.png", "count_up-moving.gif"]
    assert run(["lab", "count-up", "--out", str(tmp_path / "elsewhere")]) == 0
    assert not (tmp_path / "elsewhere" / "index.json").exists()
