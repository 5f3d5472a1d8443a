from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from optogram.result import Provenance, Result, versions

PROVENANCE = Provenance("measure", "zoo:none", "0123456789abcdef", images="fedc", method="m", settings={"k": 9, "path": Path("a")}, seed=3)


@dataclass(frozen=True)
class Numbers(Result):
    values: np.ndarray
    provenance: Provenance
    ARRAYS: ClassVar[tuple[str, ...]] = ("values",)

    def __str__(self) -> str:
        return f"{len(self.values)} numbers < 3"


@dataclass(frozen=True)
class Picture(Numbers):
    def figure(self) -> Image.Image:
        return Image.fromarray(self.values)


PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def test_arrays_come_back_with_their_provenance(tmp_path: Path) -> None:
    values = np.array([1.5, np.nan, -np.inf])
    path = Numbers(values, PROVENANCE).save(tmp_path / "kept.npz")
    with np.load(path) as kept:
        assert np.array_equal(kept["values"], values, equal_nan=True)
        told = json.loads(str(kept["provenance"]))
    assert told["verb"] == "measure"
    assert told["settings"] == {"k": 9, "path": "a"}
    assert told["seed"] == 3
    assert told["versions"] == versions()


def test_a_name_without_a_suffix_gets_one(tmp_path: Path) -> None:
    assert Numbers(PIXELS, PROVENANCE).save(tmp_path / "kept.v2").name == "kept.v2.npz"


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg", ".PNG"])
def test_a_figure_is_written_as_asked(tmp_path: Path, suffix: str) -> None:
    path = Picture(PIXELS, PROVENANCE).save(tmp_path / f"figure{suffix}")
    with Image.open(path) as image:
        assert image.size == (4, 4)
        assert image.format == {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG"}[suffix.lower()]
        assert suffix.lower() != ".png" or np.array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("name", ["kept.npz", "kept.png"])
def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def full(*targets: Any, **_: object) -> None:
        file = next(target for target in targets if isinstance(target, Path) or hasattr(target, "write"))
        file.write_bytes(b"half") if isinstance(file, Path) else file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    monkeypatch.setattr(Image.Image, "save", full)
    (tmp_path / name).write_bytes(b"before")
    with pytest.raises(OSError, match="No space"):
        Picture(PIXELS, PROVENANCE).save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_result_without_a_figure_says_where_its_numbers_are(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Numbers has no figure; its numbers are in values"):
        Numbers(PIXELS, PROVENANCE).save(tmp_path / "figure.png")
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_text_escaped_and_the_figure() -> None:
    assert Numbers(PIXELS, PROVENANCE)._repr_html_() == "<p>4 numbers &lt; 3</p>"
    shown = Picture(PIXELS, PROVENANCE)._repr_html_()
    assert shown.startswith('<p>4 numbers &lt; 3</p><img alt="4 numbers &lt; 3" src="data:image/png;base64,')


def test_provenance_names_the_versions_that_computed() -> None:
    import torch

    told = Provenance("verb", "net", "00").as_dict()
    assert told["versions"]["torch"] == torch.__version__
    assert told["versions"]["numpy"] == np.__version__
