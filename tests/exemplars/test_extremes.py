from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.exemplars import extremes
from optogram.exemplars.extremes import STRIDE, all_places, blocks, coded, flat, places_of, reduce_into, shaped
from optogram.network.site import Site


def tied(*shape: int) -> torch.Tensor:
    return torch.randint(-3, 4, shape, generator=torch.Generator().manual_seed(0)).float()


CASES = {
    "spatial": (Site("a", "convolution", "spatial", 5, (4, 6), 0), tied(3, 5, 4, 6)),
    "spatial, channels last in memory": (Site("a", "convolution", "spatial", 5, (4, 6), 0), tied(3, 5, 4, 6).to(memory_format=torch.channels_last)),
    "channel_last": (Site("a", "linear", "channel_last", 5, (4, 6), 0), tied(3, 4, 6, 5)),
    "tokens": (Site("a", "linear", "tokens", 5, (7,), 0), tied(3, 7, 5)),
    "tokens, batch second": (Site("a", "linear", "tokens", 5, (7,), 0, batch_axis=1), tied(7, 3, 5)),
    "windows": (Site("a", "linear", "tokens", 5, (8,), 0, multiple=2), tied(6, 4, 5)),
    "one axis": (Site("a", "convolution", "spatial", 5, (7,), 0), tied(3, 5, 7)),
    "vector": (Site("a", "head", "vector", 5, (), 0), tied(3, 5)),
}


@pytest.mark.parametrize("one_line", [0, 256])
@pytest.mark.parametrize("part_bytes", [1, 1 << 30])
@pytest.mark.parametrize("case", CASES)
def test_values_and_first_places_equal_numpy(case: str, part_bytes: int, one_line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extremes, "CACHE_BYTES", part_bytes)
    monkeypatch.setattr(extremes, "PART_BYTES", part_bytes)
    monkeypatch.setattr(extremes, "ONE_LINE", one_line)
    site, tensor = CASES[case]
    flattened = site.places(tensor).numpy()
    maps = shaped(blocks(site, tensor))
    high, low = torch.empty(2, 3, 5)
    lines = reduce_into(maps, [(torch.amax, high), (torch.amin, low)])
    assert np.array_equal(high.numpy(), flattened.max(2))
    assert np.array_equal(low.numpy(), flattened.min(2))
    photos, units = (part.flatten() for part in torch.meshgrid(torch.arange(3), torch.arange(5), indexing="ij"))
    for kind, sign, expected in ((0, 1, flattened.argmax(2)), (1, -1, flattened.argmin(2))):
        found = places_of(maps, lines[kind, photos, :, units], photos, units, torch.full_like(photos, sign))
        assert np.array_equal(found.reshape(3, 5).numpy(), expected)
    assert np.array_equal(all_places(maps, lines[0]).numpy(), flattened.argmax(2))


@pytest.mark.parametrize("units", [1, 8, 24, 32, 144])
def test_any_number_of_units_is_reduced_alike(units: int) -> None:
    maps = torch.randn(2, 4, 28, units, generator=torch.Generator().manual_seed(0))
    out = torch.empty(2, 3 * units)[:, units : 2 * units]
    lines = reduce_into(maps, [(torch.amin, out)])
    assert torch.equal(out, maps.amin((1, 2)))
    assert torch.equal(lines[0], maps.amin(2))


def test_lower_precision_is_read_into_single() -> None:
    maps = torch.randn(2, 3, 28, 24).bfloat16()
    out = torch.empty(2, 24)
    reduce_into(maps, [(torch.amax, out)])
    assert torch.equal(out, maps.amax((1, 2)).float())


def test_places_are_kept_by_row_and_column() -> None:
    places = torch.arange(24)
    kept = coded(places, 6)
    assert kept[7] == STRIDE + 1
    assert np.array_equal(flat(kept.numpy(), 6), places.numpy())
    assert np.array_equal(flat(kept.numpy(), 10), places.numpy() // 6 * 10 + places.numpy() % 6)


def test_one_nan_spoils_its_unit_alone() -> None:
    site, tensor = CASES["spatial"]
    tensor = tensor.clone()
    tensor[1, 3, 2, 2] = float("nan")
    found = torch.empty(2, 3, 5)
    reduce_into(blocks(site, tensor), [(torch.amax, found[0]), (torch.amin, found[1])])
    assert found.isnan().nonzero().tolist() == [[0, 1, 3], [1, 1, 3]]
