"""The columns of an atlas's Parquet files. Snappy-compressed, one row group, so that a browser reads a file in one piece."""

from __future__ import annotations

from typing import Any

EXEMPLAR_KINDS = ("top", "bottom", "quantile")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def schemas() -> dict[str, Any]:
    """A pyarrow schema each for `units`, `exemplars`, `evidence`, `references`, `links`, `tuning`, `whole` and `seen`.

    `units`: `cell` is the unit's place in the default sort and on the sprite sheets; `bins` counts the panel's greatest
    responses between `bin_low` and `bin_high` in equal steps of asinh(response / `bin_scale`); `plate_*` and `picture_*` say
    which pack holds its pictures, and where; `zero` is the share of exactly zero responses; `picture_activation` is what the first
    synthesised picture reached, `picture_activations` what each of the `picture_count` on its sheet did, three a row.
    `place_mean` and `place_sd` are of the panel's responses at probe places. `exemplars`: `cell` is the place on the unit's plate;
    `top..right` the box in photo pixels, `input_*` the exact box in the input frame; `map_*` say where its attribution map lies:
    `map_rows` x `map_columns` signed bytes, 127 for `map_limit`. `references`: of some units each half's (`fold`) strongest and
    weakest photographs by `rank`; `cell` is the place on the unit's plate where `pack` is -1, else on its sheet of references,
    nine a row. `links`: the strongest units that a unit reads (`way` is `in`) and that read it (`out`): `weight`
    is the sum over the `kernel`, which is there where it is small; `strength` its norm in standard deviations, see `links.py`.
    `tuning`: F1 or F0 to gratings by orientation, and what it is summed up by. `evidence`: one row a unit, claim and null;
    `count` of `draws` null draws did as well; `floor` is the least p that so many draws allow. `whole`: where a photograph lies
    in its pack, and its size in the input frame. `seen`: what one photograph drives at each site: kind
    `most` its neurons that exceed the most of the panel's greatest responses (`share`), kind `place` the units most above their
    usual (`above`, in standard deviations of the panel's probed responses) at each of some places; `top..right` is the box that
    the neuron sees, in the input frame.
    """
    import pyarrow as pa

    f32, i32, text = pa.float32(), pa.int32(), pa.string()
    units = [
        *[("unit", i32), ("label", text), ("cell", i32), ("verdict", text), ("sentence", text), ("dead", pa.bool_())],
        *[(name, f32) for name in ("zero", "mean", "sd", "least", "q05", "q25", "q50", "q75", "q95", "greatest")],
        *[("place_mean", f32), ("place_sd", f32)],
        *[("bins", pa.list_(i32)), ("bin_low", f32), ("bin_high", f32), ("bin_scale", f32)],
        *[("plate_pack", i32), ("plate_offset", i32), ("plate_length", i32)],
        *[("picture_pack", i32), ("picture_offset", i32), ("picture_length", i32), ("picture_count", i32)],
        *[("picture_activation", f32), ("picture_verdict", text), ("picture_alt", text)],
        *[("picture_activations", pa.list_(f32)), ("picture_alts", pa.list_(text)), ("effect", f32), ("q", f32)],
    ]
    exemplars = [
        *[("unit", i32), ("kind", text), ("quantile", f32), ("rank", i32), ("fold", i32), ("cell", i32), ("photo", text)],
        *[("activation", f32), ("row", i32), ("column", i32), ("alt", text)],
        *[(name, i32) for name in ("top", "left", "bottom", "right", "input_top", "input_left", "input_bottom", "input_right")],
        *[("map_pack", i32), ("map_offset", i32), ("map_rows", i32), ("map_columns", i32), ("map_limit", f32)],
    ]
    evidence = [
        *[("unit", i32), ("claim", text), ("viewer", text), ("null", text)],
        *[(name, f32) for name in ("effect", "low", "high", "p", "q", "floor")],
        *[("count", pa.int64()), ("draws", pa.int64()), ("verdict", text), ("sentence", text)],
    ]
    references = [
        *[("unit", i32), ("kind", text), ("fold", i32), ("rank", i32), ("photo", text), ("activation", f32), ("alt", text)],
        *[(name, i32) for name in ("cell", "pack", "offset", "length")],
    ]
    links = [
        *[("unit", i32), ("way", text), ("rank", i32), ("site", text), ("other", i32), ("weight", f32), ("strength", f32)],
        *[("rows", i32), ("columns", i32), ("kernel", pa.list_(f32))],
    ]
    tuning = [
        *[("unit", i32), ("driven", pa.bool_()), ("rates", pa.list_(f32)), ("frequency", f32)],
        *[(name, f32) for name in ("preferred", "variance", "bandwidth", "ratio")],
    ]
    whole = [("photo", text), *[(name, i32) for name in ("pack", "offset", "length", "height", "width")]]
    seen = [
        *[("site", text), ("kind", text), ("rank", i32), ("unit", i32), ("response", f32), ("share", f32), ("above", f32)],
        *[(name, i32) for name in ("row", "column", "top", "left", "bottom", "right")],
    ]
    return {
        "references": pa.schema(references),
        "links": pa.schema(links),
        "tuning": pa.schema(tuning),
        "whole": pa.schema(whole),
        "seen": pa.schema(seen),
        "units": pa.schema(units),
        "exemplars": pa.schema(exemplars),
        "evidence": pa.schema(evidence),
    }
