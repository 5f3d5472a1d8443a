from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from optogram.errors import SourceError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess


def jpeg(level: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (level, level, level)).save(stream, "PNG")
    return stream.getvalue()


def hub(path: Path, levels: list[int], rows: int = 3) -> Path:
    """A file as the Hugging Face hub writes it: a structure of bytes and path, class numbers, and the classes' names in the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    pictures = [{"bytes": jpeg(level), "path": f"{level}.png"} for level in levels]
    table = pa.table({"label": pa.array([level % 2 for level in levels]), "image": pictures})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=rows)
    return path


@pytest.mark.parametrize("workers", [0, 4])
def test_rows_come_in_the_order_of_the_file_over_row_groups_and_files(tmp_path: Path, workers: int) -> None:
    hub(tmp_path / "data" / "train-00001-of-00002.parquet", [20, 21])
    hub(tmp_path / "data" / "train-00000-of-00002.parquet", list(range(11)))
    photos = open_images(tmp_path)
    assert photos.identity(0) == "data/train-00000-of-00002.parquet/00000000"
    assert photos.identity(10).endswith("/00000010")
    levels = [int(level) for batch in photos.batches(Preprocess(), batch_size=2, workers=workers) for level in batch.images[:, 0, 0, 0]]
    assert levels == [*range(11), 20, 21]
    assert [photos.label(index) for index in (0, 1, 12)] == ["cat", "dog", "dog"]
    assert [int(photos.load(index).max()) for index in (12, 0, 7)] == [21, 0, 7]


def test_plain_bytes_other_names_and_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": [1, 2], "blob": pa.array([jpeg(5), None], pa.large_binary()), "class": ["tench", "tabby"]}), path)
    photos = open_images(path)
    assert photos.identity(1) == "x.parquet/00000001"
    assert photos.label(1) == "tabby"
    with pytest.warns(UserWarning, match=r"x\.parquet/00000001 \(no bytes in its cell\)"):
        assert sum(len(batch.indices) for batch in photos.batches(Preprocess())) == 1


def test_a_file_without_pictures_says_what_it_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "name": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(SourceError, match="it has id, name"):
        open_images(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(SourceError, match="cannot be read as a Parquet file"):
        open_images(tmp_path / "y.parquet")
