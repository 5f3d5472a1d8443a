"""Sanity: an edge detector fails, a linear network's gradient passes, guided backprop fails on a real network as published."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from tests.metrics.planted import edge_detector, images, linear, nothing

import optogram as og
from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.metrics import _sanity
from optogram.metrics._sanity import sanity
from optogram.network.cascade import layers
from optogram.testing.attribution import Small, photographs, small
from optogram.testing.unchanged import unchanged


def test_an_edge_detector_fails_everything() -> None:
    net, x = small(), photographs(3)
    found = sanity(net, attribute(net, x, "head:2", edge_detector, progress=False), twins=2, others=2, progress=False)
    assert found.verdict == "fails"
    assert [check.verdict for check in found.checks] == ["fails"] * 3
    for check in found.checks:
        np.testing.assert_allclose(check.table, 1, atol=1e-6)
    assert found.edges == pytest.approx(1)
    assert not found.passed


@pytest.mark.parametrize("kind", ["shuffle", "reinit"])
def test_the_gradient_of_a_linear_network_passes(kind: str) -> None:
    net, x = linear(), images(4)
    found = og.sanity(net, attribute(net, x, "head:2", "gradient", progress=False), kind=kind, progress=False)
    assert isinstance(found, og.Sanity)
    assert found.verdict == "passes", str(found)
    assert [check.name for check in found.checks] == ["learning", "upper layers", "class"]
    assert all(abs(check.likeness) < 0.25 for check in found.checks)


def test_the_sentence_is_shown_where_it_was_asked_for(tmp_path) -> None:
    net, x = linear(), images(2)
    asked = attribute(net, x, "head:2", "gradient", progress=False)
    found = sanity(net, asked, progress=False)
    assert "sanity not asked: og.sanity(net, attribution)" in str(asked)
    assert f"sanity: {found.sentence}" in str(found.attribution)
    assert found.attribution.figure().size[1] > asked.figure().size[1]
    assert "with all learning destroyed the map stays" in found.sentence
    found.save(tmp_path / "sanity.png")
    with Image.open(tmp_path / "sanity.png") as drawn:
        assert drawn.size[0] > 600
    found.save(tmp_path / "sanity.npz")
    with np.load(tmp_path / "sanity.npz") as kept:
        assert kept["tables_0"].shape == (2, 4)


def test_the_users_network_is_left_alone_and_batch_norms_do_not_matter() -> None:
    module = Small()
    net = small(module=module)
    found = attribute(net, photographs(1), "head:2", "gradient", progress=False)
    with unchanged(module):
        checked = sanity(net, found, twins=2, others=2, progress=False)
    assert all(np.isfinite(check.likeness) for check in checked.checks)


def test_targets_of_every_form_have_others() -> None:
    net, x = small(), photographs(2)
    direction = ("head", np.array([1.0, -1.0, 2.0, 0.0]))
    for target, other in (("second#1:3", "unit"), ("second#1:3@2,2", "unit"), ("head:2 - head:0", "class"), (direction, "direction")):
        found = sanity(net, attribute(net, x, target, "gradient", progress=False), twins=2, others=2, progress=False)
        assert (found.checks[-1].name, found.checks[-1].other) == ("class", other)
        assert f"for another {other} the map stays" in found.sentence
        assert found.checks[-1].likeness < 0.99
    torch.manual_seed(0)
    one = og.Network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(400, 1)), Preprocess(size=12))
    assert [check.name for check in sanity(one, attribute(one, images(2), "3:0", "gradient", progress=False), twins=2, progress=False).checks] == [
        "learning",
        "upper layers",
    ]


def test_maps_of_noughts_are_no_evidence() -> None:
    net, x = small(), photographs(2)
    found = sanity(net, attribute(net, x, "head:2", nothing, progress=False), twins=2, others=2, progress=False)
    assert found.verdict == "can't tell"
    assert "no map is left" in found.sentence


def test_what_cannot_be_asked() -> None:
    net, x = linear(), images(1)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    with pytest.raises(SettingError, match="at least 2 twins"):
        sanity(net, found, twins=1)
    with pytest.raises(NotDefinedError, match="made by hand"):
        from dataclasses import replace

        sanity(net, replace(found, again=None))


def test_guided_backprops_known_failure_on_a_real_network(shared_data) -> None:
    weights = shared_data("weights", "squeezenet1_0_deepcompression.safetensors")
    folder = shared_data("photos", "imagenet-sample")
    loaded = og.load("torchvision:squeezenet1_0", weights=str(weights))
    net = og.Network(loaded.module, og.Preprocess(size=96, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)))
    files = sorted(folder.glob("*.*"))[::250][:2]
    photos = [torch.from_numpy(np.array(Image.open(file).convert("RGB").resize((96, 96)))).permute(2, 0, 1).float() / 255 for file in files]
    x = torch.stack(photos)
    top = int(net.run(x[:1]).argmax())
    verdicts = {}
    for method in ("guided_backprop", "gradient"):
        found = sanity(net, attribute(net, x, f"classifier.1:{top}", method, reduce="mean", progress=False), twins=2, others=3, progress=False)
        verdicts[method] = {check.name: check for check in found.checks}
    guided, plain = verdicts["guided_backprop"], verdicts["gradient"]
    assert guided["class"].verdict == "fails"
    assert guided["class"].likeness > plain["class"].likeness + 0.1
    assert guided["learning"].likeness > plain["learning"].likeness


def test_of_the_upper_layers_half_are_destroyed_from_the_unit_down(monkeypatch: pytest.MonkeyPatch) -> None:
    net, gone = small(), []
    destroy = _sanity.destroy
    monkeypatch.setattr(_sanity, "destroy", lambda copy, path, seed, photos: gone.append((seed, path)) or destroy(copy, path, seed, photos))
    sanity(net, attribute(net, photographs(1), "head:2", "gradient", progress=False), twins=2, others=2, seed=5, progress=False)
    paths = layers(net, net.site("head").order)
    assert len(paths) == 4
    assert gone == [(seed, path) for seed in (5, 6) for path in paths[2:]]
