"""Methods beside independent libraries on four architectures: the same map within 1e-4 of its greatest value.

In double precision, as rounding in single precision opens and closes a few rectifiers of a deep network in every library. Where a
peer needs another network to be right (its hooks miss a functional rectifier, or a normalisation), the network is one that it can
handle; what it gets wrong elsewhere is tested beside each method.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.images.preprocess import Preprocess
from optogram.network._torchvision import open_torchvision
from optogram.network.network import Network

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SIDE, UNIT, WITHIN = 80, 5, 1e-4
EPSILON = 1e-9
"""Of relevance propagation, on both sides: the peer stabilises sums and pools, too, which have no rule here."""
NETWORKS = ("alexnet", "vgg11_bn", "resnet18", "squeezenet1_1")
"""The first two with a small head: their own have a hundred million weights."""
SITES = {"alexnet": "features.11", "vgg11_bn": "features.27", "resnet18": "layer4", "squeezenet1_1": "features.11"}
"""Read by both sides: rectified, so that no map is nought throughout, and overwritten by nothing, which a peer's hooks would not notice."""
STEEP = 400
"""By how much the heads are steeper than initialised: gradients of 1 and more, beside which a peer's constant of 1e-6 is nothing."""
IMAGES = torch.rand(2, 3, SIDE, SIDE, dtype=torch.double, generator=torch.Generator().manual_seed(1))


class Headed(nn.Module):
    """Convolutions, a pool, and two dense layers."""

    def __init__(self, features: nn.Module, units: int) -> None:
        super().__init__()
        self.features, self.avgpool = features, nn.AdaptiveAvgPool2d(2)
        self.classifier = nn.Sequential(nn.Linear(units * 4, 32), nn.ReLU(), nn.Linear(32, 20))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def alexnet() -> nn.Module:
    convolutions = [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1)]
    layers: list[nn.Module] = []
    for number, (inputs, units, size, stride, padding) in enumerate(convolutions):
        layers += [nn.Conv2d(inputs, units, size, stride, padding), nn.ReLU()]
        layers += [nn.MaxPool2d(3, 2)] if number in (0, 1, 4) else []
    return Headed(nn.Sequential(*layers), 256)


def module_of(name: str) -> nn.Module:
    """Random weights and statistics; rectifiers out of place, for the peers' sake."""
    torch.manual_seed(0)
    models = open_torchvision().models
    if name == "alexnet":
        module = alexnet()
    elif name == "vgg11_bn":
        module = Headed(models.vgg.make_layers(models.vgg.cfgs["A"], batch_norm=True), 512)
    else:
        module = getattr(models, name)(weights=None, num_classes=20)
    module = module.eval().double()
    for inner in module.modules():
        if isinstance(inner, nn.BatchNorm2d):
            inner.running_mean.normal_(0, 0.1), inner.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(inner.weight, 0.5, 1.5), nn.init.normal_(inner.bias, std=0.1)
        if isinstance(inner, nn.ReLU):
            inner.inplace = False
        if isinstance(inner, nn.Linear) or (isinstance(inner, nn.Conv2d) and inner.out_channels == 20):
            # Dense layers that add: no class activation map is nought, and gradients are no smaller than a peer's constants.
            with torch.no_grad():
                inner.weight.abs_().mul_(STEEP)
    return module


def captum(name: str, **settings: Any) -> Callable[[nn.Module, str], np.ndarray]:
    def run(module: nn.Module, network: str) -> np.ndarray:
        attr = pytest.importorskip("captum.attr")
        created = getattr(attr, name)
        given = {key: value() if callable(value) else value for key, value in settings.items()}
        layer = (module.get_submodule(SITES[network]),) if name == "GuidedGradCam" else ()
        return np.asarray(created(module, *layer).attribute(IMAGES.clone().requires_grad_(), target=UNIT, **given).detach())

    return run


def grad_cam(name: str) -> Callable[[nn.Module, str], np.ndarray]:
    def run(module: nn.Module, network: str) -> np.ndarray:
        library = pytest.importorskip("pytorch_grad_cam")
        targets = [pytest.importorskip("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget(UNIT)] * len(IMAGES)
        with getattr(library, name)(model=module, target_layers=[module.get_submodule(SITES[network])]) as method:
            return np.asarray(method(input_tensor=IMAGES.clone(), targets=targets))

    return run


def zennit(name: str, **settings: Any) -> Callable[[nn.Module, str], np.ndarray]:
    def run(module: nn.Module, network: str) -> np.ndarray:
        composites, attribution = pytest.importorskip("zennit.composites"), pytest.importorskip("zennit.attribution")
        peers = pytest.importorskip("zennit.torchvision")
        canonizer = {"resnet18": peers.ResNetCanonizer, "vgg11_bn": peers.SequentialMergeBatchNorm}.get(network)
        composite = getattr(composites, name)(canonizers=[canonizer()] if canonizer else [], epsilon=EPSILON, stabilizer=EPSILON, **settings)
        start = torch.eye(20, dtype=torch.double)[[UNIT]] * module(IMAGES).detach()
        with attribution.Gradient(module, composite) as method:
            return np.asarray(method(IMAGES.clone(), start)[1].detach())

    return run


Method = tuple[str, dict[str, Any], Callable[[nn.Module, str], np.ndarray]]
ENDS = {"low": torch.zeros_like(IMAGES), "high": torch.ones_like(IMAGES)}
METHODS: tuple[Method, ...] = (
    ("gradient", {}, captum("Saliency", abs=False)),
    ("input_x_gradient", {}, captum("InputXGradient")),
    ("guided_backprop", {}, captum("GuidedBackprop")),
    ("deconvnet", {}, captum("Deconvolution")),
    ("integrated_gradients", {"steps": 8}, captum("IntegratedGradients", n_steps=8, method="gausslegendre")),
    ("occlusion", {"window": 32, "stride": 32}, captum("Occlusion", sliding_window_shapes=(3, 32, 32), strides=(3, 32, 32))),
    ("guided_grad_cam", {}, captum("GuidedGradCam", interpolate_mode="bilinear")),
    ("lrp", {"composite": "epsilon_plus", "epsilon": EPSILON}, zennit("EpsilonPlus")),
    ("lrp", {"composite": "epsilon_plus_flat", "epsilon": EPSILON}, zennit("EpsilonPlusFlat")),
    ("lrp", {"composite": "epsilon_alpha2_beta1", "epsilon": EPSILON}, zennit("EpsilonAlpha2Beta1")),
    ("lrp", {"composite": "epsilon_gamma_box", "epsilon": EPSILON}, zennit("EpsilonGammaBox", **ENDS)),
    ("grad_cam", {}, grad_cam("GradCAM")),
    ("grad_cam_plus_plus", {}, grad_cam("GradCAMPlusPlus")),
    ("xgrad_cam", {}, grad_cam("XGradCAM")),
    ("hires_cam", {}, grad_cam("HiResCAM")),
    ("layer_cam", {}, grad_cam("LayerCAM")),
)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join([method[0], method[1].get("composite", "")]).strip("-"))
@pytest.mark.parametrize("network", NETWORKS)
def test_agrees(network: str, method: Method) -> None:
    name, settings, peer = method
    module = module_of(network)
    if name.endswith(("_cam", "plus_plus")):
        settings = {**settings, "site": SITES[network]}
    found = attribute(Network(module, Preprocess()), IMAGES, f"output:{UNIT}", name, progress=False, **settings).values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = peer(module_of(network), network)
    if expected.ndim == 3:
        found = np.asarray(found)[:, 0]
        expected = unstretched(expected, found)
    assert np.abs(found).max() > 0
    assert np.abs(found - expected).max() < WITHIN * np.abs(expected).max()


def unstretched(maps: np.ndarray, like: np.ndarray) -> np.ndarray:
    """grad-cam shifts and scales each map to 0..1, which nothing undoes but a fit of the two numbers; all else is compared."""
    rows = []
    for one, other in zip(maps, like, strict=True):
        columns = np.stack([one.ravel(), np.ones(one.size)], axis=1)
        (scale, shift), *_ = np.linalg.lstsq(columns, other.ravel(), rcond=None)
        assert scale > 0
        rows.append(scale * one + shift)
    return np.stack(rows)


def by_the_paper(module: nn.Module, layer: str, constant: float) -> np.ndarray:
    """Grad-CAM++ written out: alpha = g^2 / (2 g^2 + sum of A times g^3 + constant), the map at the layer."""
    kept: list[Tensor] = []
    hook = module.get_submodule(layer).register_forward_hook(lambda *call: kept.append(call[2]))
    response = module(IMAGES.clone().requires_grad_())[:, UNIT].sum()
    hook.remove()
    (g,) = torch.autograd.grad(response, kept)
    a = kept[0].detach()
    below = 2 * g**2 + a.sum((2, 3), keepdim=True) * g**3 + constant
    alpha = torch.where(g != 0, g**2 / torch.where(below != 0, below, 1.0), 0.0)
    maps = (a * (alpha * g.relu()).sum((2, 3), keepdim=True)).sum(1, keepdim=True).relu()
    return np.asarray(nn.functional.interpolate(maps, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[:, 0])


def test_where_grad_cam_adds_a_constant_to_squared_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of a usual head are below 0.1, their squares hardly above 1e-6: its Grad-CAM++ is another map there, ours the paper's."""
    monkeypatch.setitem(globals(), "STEEP", 20)
    network = "squeezenet1_1"
    settings = {"site": SITES[network], "progress": False}
    found = np.asarray(attribute(Network(module_of(network), Preprocess()), IMAGES, f"output:{UNIT}", "grad_cam_plus_plus", **settings).values)[:, 0]
    paper, with_constant = (by_the_paper(module_of(network), SITES[network], constant) for constant in (0.0, 1e-6))
    assert np.abs(found - paper).max() < 1e-6 * paper.max()
    assert np.abs(with_constant - paper).max() > 1e-3 * paper.max()
    theirs = grad_cam("GradCAMPlusPlus")(module_of(network), network)
    assert np.abs(unstretched(theirs, with_constant) - with_constant).max() < 1e-6 * paper.max()


def test_there_are_at_least_twelve_methods_on_four_architectures() -> None:
    assert len({name for name, *_ in METHODS}) >= 12
    assert len(NETWORKS) >= 4
    assert isinstance(IMAGES, Tensor)
