"""Measured fields against arithmetic, published figures, and the property that defines them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.network.nets import Attention, Residual, settled
from torch import Tensor, nn

from optogram.errors import MissingExtraError
from optogram.geometry import Box
from optogram.images.preprocess import Preprocess
from optogram.network.influence import swallowed
from optogram.network.network import Network
from optogram.network.receptive_field import boxes, field_of, fields_of, measure_all
from optogram.network.site import Site

SIDE = 32


class Branches(nn.Module):
    """Unequal kernels side by side, as in an inception or fire module; tall and wide ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, 2)
        self.one, self.tall, self.wide = nn.Conv2d(4, 3, 1), nn.Conv2d(4, 3, (7, 1), padding=(3, 0)), nn.Conv2d(4, 3, (1, 5), padding=(0, 2))
        self.last, self.together = nn.Conv2d(9, 4, 3, padding=1), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        return self.last(F.relu(self.together(torch.cat((self.one(x), self.tall(x), self.wide(x)), 1))))


class Pooled(nn.Module):
    """Squeeze-and-excitation: from there on everything sees everything."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.gate, self.after = nn.Conv2d(3, 6, 3, 2, 1), nn.Linear(6, 6), nn.Conv2d(6, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        return self.after(x * torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None])


class Swallowing(nn.Module):
    """Its rectifier compares, and a comparison with NaN is false: poison ends there, influence does not."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 5, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        return self.b(torch.where(x > 0, x, torch.zeros_like(x)))


class Scripted(nn.Module):
    """The same, where no interception looks, beside a path that hands NaN on."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 4, 5, padding=2)
        self.narrow = nn.Conv2d(3, 4, 1)
        self.hidden = torch.jit.script(Hidden())
        self.sum = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.sum(self.narrow(x) + self.hidden(self.wide(x)))


class Hidden(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, 0.1 * torch.nan_to_num(x))


def chain(*layers: nn.Module) -> nn.Module:
    return settled(nn.Sequential(*layers))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "skip": lambda: settled(Residual()),
    "branch": Branches,
    "dilated": lambda: chain(nn.Conv2d(3, 4, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1, dilation=3), nn.MaxPool2d(2)),
    "odd padding": lambda: chain(nn.Conv2d(3, 4, 4, 1, 3), nn.ReLU(), nn.AvgPool2d(3, 2, 1), nn.ZeroPad2d((1, 0, 0, 2)), nn.Conv2d(4, 4, 2)),
    "strided": lambda: chain(nn.Conv2d(3, 4, 7, 3), nn.ReLU(), nn.Conv2d(4, 4, 1, 2), nn.MaxPool2d(3, 1, ceil_mode=True)),
    "pooled": Pooled,
    "group norm": lambda: chain(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Conv2d(4, 4, 3)),
    "attention": Attention,
    "transposed": lambda: chain(nn.Conv2d(3, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.Conv2d(4, 2, 3, padding=1)),
    "circular": lambda: chain(nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Conv2d(4, 4, 3)),
    "swallowing": Swallowing,
    "scripted": Scripted,
}
MADE: dict[str, Network] = {}


def made(name: str) -> Network:
    if name not in MADE:
        torch.manual_seed(0)
        MADE[name] = Network(NETWORKS[name]().eval(), Preprocess(size=16 if name == "attention" else SIDE), name=name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields_of(MADE[name], MADE[name].sites(default=False))
    return MADE[name]


def respond(network: Network, site: Site, images: Tensor) -> Tensor:
    """In double precision, so that the farthest pixel counts: [photo, unit, place]."""
    worker = network.worker(dtype=torch.float64)
    return site.places(worker.read(site, images.double()))


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=5)
@given(data=st.data())
def test_outside_never_changes_a_neuron_and_each_edge_does(name: str, data: st.DataObject) -> None:
    """The definition. Edges: for some of several random images, changing the field's outermost line alone changes some unit."""
    network = made(name)
    site = data.draw(st.sampled_from([site for site in network.sites(default=False) if site.address != "input"]))
    place = data.draw(st.integers(0, site.places_count - 1))
    box = field_of(network, site).box(site.place_at(place) or None)
    height, width = network.input_size
    inside = box.within(height, width)
    torch.manual_seed(data.draw(st.integers(0, 99)))
    images = torch.randn(8, 3, height, width)
    other = 20 * torch.randn(8, 3, height, width)
    before = respond(network, site, images)[..., place]
    outside = other.clone()
    outside[:, :, inside.top : inside.bottom, inside.left : inside.right] = images[:, :, inside.top : inside.bottom, inside.left : inside.right]
    after = respond(network, site, outside)[..., place]
    assert torch.allclose(before, after, rtol=1e-9, atol=1e-9), f"{site.address}@{place}: something outside {box} changes it"
    if inside != box or not (box.height and box.width):
        return
    for line in ("top", "bottom", "left", "right"):
        edge = images.clone()
        rows = {"top": slice(box.top, box.top + 1), "bottom": slice(box.bottom - 1, box.bottom)}.get(line, slice(box.top, box.bottom))
        columns = {"left": slice(box.left, box.left + 1), "right": slice(box.right - 1, box.right)}.get(line, slice(box.left, box.right))
        edge[:, :, rows, columns] = other[:, :, rows, columns]
        changed = respond(network, site, edge)[..., place]
        assert (changed - before).abs().max() > 1e-12, f"{site.address}@{place}: the {line} of {box} changes nothing"


def by_arithmetic(layers: list[tuple[int, int, int, int]]) -> tuple[int, int, int]:
    """Offset, size and stride after layers of (kernel, stride, padding, dilation): the textbook's recursion."""
    offset, size, stride = 0, 1, 1
    for kernel, step, padding, dilation in layers:
        offset, size, stride = offset - padding * stride, size + dilation * (kernel - 1) * stride, stride * step
    return offset, size, stride


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.integers(1, 2)).map(
            lambda layer: (layer[0], min(layer[1], layer[0]), *layer[2:])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_chains_of_convolutions_by_arithmetic(layers: list[tuple[int, int, int, int]]) -> None:
    module = nn.Sequential(*(nn.Conv2d(3 if index == 0 else 2, 2, *layer) for index, layer in enumerate(layers)))
    network = Network(module, Preprocess(size=48))
    for depth in range(len(layers)):
        offset, size, stride = by_arithmetic(layers[: depth + 1])
        field = field_of(network, str(depth))
        for place in ((0, 0), (2, 1), field.site.centre()):
            if place[0] < field.site.grid[0] and place[1] < field.site.grid[1]:
                top, left = offset + stride * place[0], offset + stride * place[1]
                assert field.regular
                assert field.box(place) == Box(top, left, top + size, left + size)


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (96, 640)])
def test_fields_do_not_depend_on_the_inputs_size(size: tuple[int, int]) -> None:
    """Large inputs go through the network a few stripes at a time: what is asked of rows is not to be answered for columns."""
    layers = [(5, 2, 2, 1), (3, 2, 1, 1), (3, 1, 2, 2)]
    network = Network(nn.Sequential(*(nn.Conv2d(3 if index == 0 else 2, 2, *layer) for index, layer in enumerate(layers))), Preprocess(size=size))
    offset, extent, stride = by_arithmetic(layers)
    field = field_of(network, "2")
    assert field.regular
    assert field.box((0, 3)) == Box(offset, offset + 3 * stride, offset + extent, offset + 3 * stride + extent)
    assert network.receptive_field("2:1@0,0").top < 0  # it leaves the image, and says where to


def test_branches_differ_by_unit() -> None:
    network = made("branch")
    assert [network.receptive_field(f"together:{unit}@5,5").as_tuple() for unit in (0, 3, 6)] == [(10, 10, 13, 13), (4, 10, 19, 13), (10, 6, 13, 17)]
    assert network.receptive_field("together").as_tuple() == field_of(network, "together").box().as_tuple()
    field = field_of(network, "together")
    assert field.box((5, 5)).as_tuple() == (4, 6, 19, 17)
    assert field.stride == (2, 2)


def test_global_operations_see_the_whole_image() -> None:
    assert made("pooled").receptive_field("before@3,3".replace("@", ":0@")).height == 3
    for address, name in (("after", "pooled"), ("gate", "pooled"), ("3", "group norm"), ("mlp.2", "attention"), ("fc", "skip")):
        network = made(name)
        assert network.receptive_field(address) == Box(0, 0, *network.input_size), address


def test_tokens_see_their_patch_until_they_attend_and_the_class_token_nothing() -> None:
    network = made("attention")
    assert network.receptive_field("norm:0@1,2").as_tuple() == (4, 8, 8, 12)
    assert network.receptive_field("norm:0@cls").as_tuple() == (0, 0, 0, 0)
    assert network.receptive_field("attention.proj:0@cls").as_tuple() == (0, 0, 16, 16)


def test_padding_that_wraps_is_not_taken_for_a_stride() -> None:
    network = made("circular")
    assert not field_of(network, "0").regular
    assert network.receptive_field("0:0@9,9").as_tuple() == (8, 8, 11, 11)
    assert network.receptive_field("0:0@0,9").as_tuple() == (0, 8, SIDE, 11)


def test_where_nan_is_swallowed_chance_takes_its_place() -> None:
    assert swallowed(made("skip")) is None
    assert swallowed(made("swallowing")) == "where"
    assert made("swallowing").receptive_field("b:0@5,5").as_tuple() == (7, 7, 14, 14)
    assert made("scripted").receptive_field("sum:0@9,9").as_tuple() == (7, 7, 12, 12)


def test_fields_larger_than_the_image_are_seen_whole_where_the_network_takes_larger_ones() -> None:
    layers = [nn.Conv2d(3 if index == 0 else 2, 2, 3, 2, 1) for index in range(4)] + [nn.Conv2d(2, 2, 5, 1, 2), nn.Conv2d(2, 2, 5, 1, 2)]
    free = Network(nn.Sequential(*layers), Preprocess(size=SIDE))
    offset, size, stride = by_arithmetic([(3, 2, 1, 1)] * 4 + [(5, 1, 2, 1)] * 2)
    assert free.receptive_field("5:0@1,1") == Box(offset + stride, offset + stride, offset + stride + size, offset + stride + size)
    fixed = Network(nn.Sequential(Fixed(), *layers), Preprocess(size=SIDE))
    assert fixed.receptive_field("6:0@1,1") in (Box(0, 0, SIDE, SIDE), Box(0, 0, SIDE, SIDE, clipped=True))
    assert fixed.receptive_field("2:0@0,0").clipped or fixed.receptive_field("2:0@0,0").top < 0
    assert fixed.receptive_field("1:0@3,3") == Box(5, 5, 8, 8)


class Fixed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2:] != (SIDE, SIDE):
            raise ValueError("only one size")
        return x * 1


def test_boxes_of_all_places_agree_with_one_by_one() -> None:
    network = made("skip")
    for address in ("layer.1", "fc", "last"):
        field, box = field_of(network, address), boxes(network, address)
        every = field.boxes()
        assert every.shape == (field.site.places_count, 4)
        for number in range(0, field.site.places_count, 3):
            assert tuple(every[number]) == box(field.site.place_at(number) or None).as_tuple()
        assert np.array_equal(field.boxes(np.array([0])), every[:1])


def test_measured_once_and_again_when_the_network_was_rebuilt() -> None:
    module = settled(Residual())
    network = Network(module, Preprocess(size=SIDE))
    assert field_of(network, "conv") is field_of(network, "conv")
    assert network.receptive_field("conv").height == 5
    module.conv = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
    network.run(torch.rand(1, 3, SIDE, SIDE))
    assert network.receptive_field("conv").height == 7


PUBLISHED: dict[str, dict[str, int]] = {
    "alexnet": {"features.0": 11, "features.3": 51, "features.6": 99, "features.8": 131, "features.10": 163, "features.12": 195},
    "resnet18": {"maxpool": 11, "layer1": 43, "layer2": 99, "layer3": 211, "layer4": 435},
    "squeezenet1_0": {"features.12:0": 123, "features.12:511": 155},
    "squeezenet1_1": {"features.12:0": 175, "features.12:511": 207},
}
LARGE: dict[str, dict[str, int]] = {
    "vgg16": {"features.28": 196, "features.30": 212},
    "resnet50": {"layer4": 427},
    "mobilenet_v2": {f"features.{last}": size for last, size in zip((1, 3, 6, 10, 13, 16, 17), (7, 19, 59, 171, 267, 427, 491), strict=True)},
}


def published(name: str, expected: dict[str, int]) -> None:
    from optogram.network.load import load

    try:
        network = load(f"torchvision:{name}", weights="none")
    except MissingExtraError as error:
        pytest.skip(str(error))
    fields = fields_of(network, [network.site(address.partition(":")[0]) for address in expected])
    for address, size in expected.items():
        unit = network.unit(address).index if ":" in address else None
        box = fields[address.partition(":")[0]].box(unit=unit)
        assert (box.height, box.width, box.clipped) == (size, size, False), address


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name: str) -> None:
    published(name, PUBLISHED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_published_sizes_of_large_networks(name: str) -> None:
    published(name, LARGE[name])


def test_the_table_of_sites_shows_fields() -> None:
    network = made("skip")
    rows = {row[0]: row[-1] for row in network.sites().rows()}
    assert rows["conv"] == "5x5"
    assert rows["fc"] == f"{SIDE}x{SIDE}"
    assert measure_all(network, network.sites())["conv"].height == 5


class Ranged(nn.Module):
    """Looks for a range among the values, as quantized layers do, and so cannot take NaN."""

    def forward(self, x: Tensor) -> Tensor:
        if x.isnan().any():
            raise RuntimeError("min should be less than or equal to max")
        return x / (x.amax() - x.amin() + 1)


def test_fields_of_coarse_weights_and_of_layers_that_refuse_nan() -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4)]
    coarse = Network(copy.deepcopy(nn.Sequential(*layers)).bfloat16(), Preprocess(size=16))
    assert coarse.receptive_field("2:0@3,3").as_tuple() == (3, 3, 8, 8)
    refusing = Network(nn.Sequential(*layers[:-1], Ranged(), layers[-1]), Preprocess(size=16))
    assert swallowed(refusing) == "min should be less than or equal to max"
    assert refusing.receptive_field("2:0@3,3").as_tuple() == (3, 3, 8, 8)
    assert refusing.receptive_field("6:0").as_tuple() == (0, 0, 16, 16)
