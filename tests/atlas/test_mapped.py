"""Attribution on exemplars and tuning on the page, on the demo network."""

from __future__ import annotations

import numpy as np
import pytest

import optogram as og
from optogram.atlas.frames import Frames
from optogram.atlas.mapped import EXEMPLARS, LARGEST, mapped
from optogram.atlas.plates import chosen
from optogram.atlas.tuned import FREQUENCIES, ORIENTATIONS, PHASES, tuned
from optogram.geometry import Box
from optogram.network.network import Network
from optogram.physiology.electrode import electrode
from optogram.physiology.tuning import default_frequencies, tune
from optogram.zoo._photographs import held_out_crops
from optogram.zoo.photonet import photonet


@pytest.fixture(scope="module")
def net() -> Network:
    return photonet()


def test_maps_are_the_methods_own_cut_to_what_the_neuron_sees(net: Network) -> None:
    photos = held_out_crops(count=34)
    sweep = og.sweep(net, photos, sites=["bn1"], panel=30, progress=False)
    frames = Frames(net, photos)
    site = net.site("bn1")
    units = [chosen(sweep, site, unit, 3) for unit in range(4)]
    method, found = mapped(net, site, units, frames, ("gradient",), most=2)
    assert method == "gradient"
    assert {unit for unit, _ in found} == {0, 3}
    assert len(found) == 2 * EXEMPLARS
    top = next(one for one in units[3] if one.kind == "top" and one.rank == 1)
    one = found[3, 1]
    assert (one.rows, one.columns) == (11, 11)
    image = frames[top.exemplar.image].transpose(2, 0, 1)[None].astype(np.float32) / 255
    whole = np.asarray(og.attribute(net, image, "bn1:3", "gradient", progress=False).values)[0].sum(axis=0)
    box = top.exemplar.input_box
    part = whole[box.top : box.bottom, box.left : box.right]
    drawn = np.frombuffer(one.content, np.int8).reshape(11, 11)
    assert np.abs(drawn / 127 * one.limit - np.clip(part, -one.limit, one.limit)).max() <= one.limit / 127
    assert max(one.rows, one.columns) <= LARGEST


def test_a_method_that_is_not_defined_gives_way_to_the_next(net: Network) -> None:
    photos = held_out_crops(count=17)
    sweep = og.sweep(net, photos, sites=["bn1"], panel=10, progress=False)
    units = [chosen(sweep, net.site("bn1"), 0, 3)]
    assert mapped(net, net.site("bn1"), units, Frames(net, photos), ("attention_rollout", "gradient"))[0] == "gradient"
    assert mapped(net, net.site("bn1"), units, Frames(net, photos), ("attention_rollout",)) == (None, {})


def test_tuning_is_the_experiments_own(net: Network) -> None:
    found = tuned(net, net.site("bn1"), Box(0, 0, 11, 11))
    assert found is not None
    cycles = default_frequencies(electrode(net, "bn1:7"), FREQUENCIES)
    own = tune(net, "bn1:7", orientations=ORIENTATIONS, phases=PHASES, frequencies=cycles, progress=False)
    at = found["unit"].index(7)
    assert found["preferred"][at] == pytest.approx(float(own.preferred[0]), abs=1e-3)
    assert found["rates"][at] == pytest.approx(own.by_orientation[0].tolist(), rel=1e-4)
    assert tuned(net, net.site("head_photo"), Box(0, 0, 64, 64)) is None
    assert tuned(net, net.site("bn1"), Box(0, 0, 3, 3)) is None
