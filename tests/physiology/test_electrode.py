from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from optogram.errors import InputError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.physiology.electrode import electrode
from optogram.zoo._planted import planted


def test_a_linear_unit_reads_its_template() -> None:
    """Independent of the network: the inner product of the planted template with the patch in the field."""
    given = planted(3)
    probe = electrode(given.network, given.addresses["wave"] + "@3,5")
    pictures = np.random.default_rng(0).random((5, 3, *probe.size)).astype(np.float32)
    box = probe.box
    patches = pictures[:, :, box.top : box.bottom, box.left : box.right]
    expected = (patches * given.truth["wave"]).sum((1, 2, 3))
    np.testing.assert_allclose(probe.respond(pictures, rectified=False)[:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(probe.respond(pictures)[:, 0], np.maximum(expected, 0), atol=1e-5)


def test_all_units_of_a_site_at_once_equal_each_alone() -> None:
    network = planted(3).network
    pictures = torch.rand(3, 3, 32, 32)
    together = electrode(network, "templates").respond(pictures)
    alone = [electrode(network, f"templates:{index}").respond(pictures)[:, 0] for index in range(10)]
    np.testing.assert_allclose(together, np.stack(alone, 1), atol=1e-6)


def test_the_fast_electrode_reads_the_same_through_folded_norms() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.BatchNorm2d(4))
    for norm in (module[1], module[4]):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    probe = electrode(Network(module.eval(), Preprocess(size=16), name="small"), "4")
    fast, pictures = probe.fast(), torch.rand(5, 3, 16, 16)
    assert fast.network is not probe.network
    np.testing.assert_allclose(fast.respond(pictures, rectified=False), probe.respond(pictures, rectified=False), atol=1e-5)


def test_gray_pictures_go_to_every_channel_and_heads_are_read_too() -> None:
    network = planted(3).network
    gray = np.random.default_rng(1).random((2, 32, 32)).astype(np.float32)
    probe = electrode(network, "head")
    assert probe.side == 32
    assert len(probe.units) == 4
    np.testing.assert_allclose(probe.respond(gray), probe.respond(np.repeat(gray[:, None], 3, 1)))


def test_units_of_two_sites_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    network = planted(3).network
    both = [network.unit("templates:0"), network.unit("head:0")]
    monkeypatch.setattr(network, "units", lambda address: both)
    with pytest.raises(InputError, match="one site"):
        electrode(network, "templates:0")
