from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.exemplars.extremes import STRIDE, blocks, flat, greatest, least
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


@pytest.mark.parametrize("case", CASES)
def test_values_and_first_places_equal_numpy(case: str) -> None:
    site, tensor = CASES[case]
    flattened = site.places(tensor).numpy()
    maps = blocks(site, tensor)
    columns = maps.shape[2] if len(site.grid) == 2 else STRIDE
    for found, value, place in ((greatest(maps), flattened.max(2), flattened.argmax(2)), (least(maps), flattened.min(2), flattened.argmin(2))):
        assert np.array_equal(found.values.numpy(), value)
        assert np.array_equal(flat(found.places().numpy(), columns), place)


def test_some_pairs_are_located_as_in_all_of_them() -> None:
    site, tensor = CASES["spatial"]
    found = greatest(blocks(site, tensor))
    photos, units = torch.tensor([2, 0, 1]), torch.tensor([4, 0, 3])
    assert torch.equal(found.locate(photos, units), found.places()[photos, units])


def test_one_nan_spoils_its_unit_alone() -> None:
    site, tensor = CASES["spatial"]
    tensor = tensor.clone()
    tensor[1, 3, 2, 2] = float("nan")
    for found in (greatest(blocks(site, tensor)), least(blocks(site, tensor))):
        assert found.values.isnan().nonzero().tolist() == [[1, 3]]
