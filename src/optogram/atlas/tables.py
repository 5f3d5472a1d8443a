"""The columns of an atlas's Parquet files. Snappy-compressed, one row group, so that a browser reads a file in one piece."""

from __future__ import annotations

from typing import Any

EXEMPLAR_KINDS = ("top", "bottom", "quantile")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def schemas() -> dict[str, Any]:
    """A pyarrow schema each for `units`, `exemplars` and `evidence`.

    `units`: `cell` is the unit's place in the default sort and on the sprite sheets; `bins` counts the panel's greatest
    responses between `bin_low` and `bin_high` in equal steps of asinh(response / `bin_scale`); `plate_*` and `picture_*` say
    which pack holds its pictures, and where; `zero` is the share of exactly zero responses; `picture_activation` is what the
    synthesised picture reached. `exemplars`: `cell` is the place on the unit's plate; `top..right` the box in photo pixels,
    `input_*` the exact box in the input frame. `evidence`: one row a unit, claim and null; `count` of `draws` null draws did
    as well; `floor` is the least p that so many draws allow.
    """
    import pyarrow as pa

    f32, i32, text = pa.float32(), pa.int32(), pa.string()
    units = [
        *[("unit", i32), ("label", text), ("cell", i32), ("verdict", text), ("sentence", text), ("dead", pa.bool_())],
        *[(name, f32) for name in ("zero", "mean", "sd", "least", "q05", "q25", "q50", "q75", "q95", "greatest")],
        *[("bins", pa.list_(i32)), ("bin_low", f32), ("bin_high", f32), ("bin_scale", f32)],
        *[("plate_pack", i32), ("plate_offset", i32), ("plate_length", i32)],
        *[("picture_pack", i32), ("picture_offset", i32), ("picture_length", i32), ("picture_count", i32)],
        *[("picture_activation", f32), ("picture_verdict", text), ("picture_alt", text), ("effect", f32), ("q", f32)],
    ]
    exemplars = [
        *[("unit", i32), ("kind", text), ("quantile", f32), ("rank", i32), ("fold", i32), ("cell", i32), ("photo", text)],
        *[("activation", f32), ("row", i32), ("column", i32), ("alt", text)],
        *[(name, i32) for name in ("top", "left", "bottom", "right", "input_top", "input_left", "input_bottom", "input_right")],
    ]
    evidence = [
        *[("unit", i32), ("claim", text), ("viewer", text), ("null", text)],
        *[(name, f32) for name in ("effect", "low", "high", "p", "q", "floor")],
        *[("count", pa.int64()), ("draws", pa.int64()), ("verdict", text), ("sentence", text)],
    ]
    return {"units": pa.schema(units), "exemplars": pa.schema(exemplars), "evidence": pa.schema(evidence)}
