from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import optogram as og
from optogram.errors import AddressError, InputError, NonFiniteError
from optogram.exemplars.panel import panel_responses


def test_the_same_network_gives_the_sweeps_own_responses(network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(network, photos, panel=15)
    images = found.panel.images(network, photos)
    assert images.shape == (15, 3, 9, 9)
    for kind in ("probes", "greatest", "mean"):
        responses = panel_responses(network, images, found.panel, kind=kind, batch_size=4)
        for site in found.sites:
            assert np.allclose(responses[site], getattr(found.panel, kind)(site), atol=1e-5)


def test_another_network_is_read_at_the_same_places(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, panel=15)
    images = found.panel.images(conv_network, photos)
    other = copy.deepcopy(conv_network.module)
    torch.nn.init.normal_(other[0].weight)
    twin = og.Network(other, conv_network.preprocess)
    address = found.sites[1]
    responses = panel_responses(twin, images, found.panel, [address])
    site = twin.site(address)
    maps = site.places(twin.read(site, images.float() / 255)).numpy()
    places = found.panel.probe_places(address)
    expected = np.stack([maps[row][:, places[row]].T for row in range(15)])
    assert np.allclose(responses[address], expected, atol=1e-4)
    assert not np.allclose(responses[address], found.panel.probes(address))


def test_wrong_images_sites_and_numbers_are_named(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, panel=15, sites=["0"])
    images = found.panel.images(conv_network, photos)
    with pytest.raises(InputError, match="15 photographs"):
        panel_responses(conv_network, images[:3], found.panel)
    with pytest.raises(AddressError, match="in this panel"):
        panel_responses(conv_network, images, found.panel, ["6"])
    broken = copy.deepcopy(conv_network.module)
    broken[0].weight.data[3, 0, 0, 0] = float("nan")
    with pytest.raises(NonFiniteError, match="0:3 gave nan on"):
        panel_responses(og.Network(broken, conv_network.preprocess), images, found.panel)


def test_photographs_of_several_sizes_make_no_batch(pictures: np.ndarray) -> None:
    from PIL import Image

    photos = og.open_images([Image.fromarray(picture[: 7 + index % 3]) for index, picture in enumerate(pictures)])
    network = og.Network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()))
    found = og.sweep(network, photos, panel=15)
    with pytest.raises(InputError, match="differ in size"):
        found.panel.images(network, photos)
