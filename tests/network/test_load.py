"""Networks by name: what is known of them, what is refused, and that nothing is fetched or run."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from optogram.errors import LoadError, MissingExtraError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network._torchvision import open_torchvision
from optogram.network.load import load

try:
    open_torchvision()
except MissingExtraError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Empty caches, and a socket that must not be opened."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("loading went to the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


@pytest.fixture
def factory(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    (tmp_path / "layers_of_mine.py").write_text("from torch import nn\ndef layer(): return nn.Conv2d(3, 4, 3)\n")
    path.write_text(
        "import torch, layers_of_mine\nfrom torch import nn\nimport optogram\n"
        "from optogram.network.network import Network\n"
        "def make(): return nn.Sequential(layers_of_mine.layer(), nn.BatchNorm2d(4), nn.Flatten(1))\n"
        "def full(): return Network(make(), optogram.Preprocess(size=20), ['a', 'b'], name='full')\n"
        "def number(): return 3\n"
    )
    return path


def test_torchvision_with_its_own_preprocessing_and_labels() -> None:
    network = load("torchvision:squeezenet1_1", weights="none")
    assert network.preprocess == Preprocess(size=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    assert network.labels is not None
    assert (len(network.labels), network.labels[0], network.labels[281]) == (1000, "tench", "tabby")
    assert (network.name, network.channels) == ("squeezenet1_1", 3)
    assert not network.module.training


def test_timm_with_its_own_preprocessing_and_labels() -> None:
    pytest.importorskip("timm")
    network = load("timm:resnet18", weights="none")
    assert network.preprocess == Preprocess(size=235, crop=(224, 224), interpolation="bicubic", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    assert network.labels is not None
    assert (len(network.labels), network.labels[0]) == (1000, "tench")
    assert len(set(network.labels)) >= 998


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=8, id2label={0: "cat", 1: "dog"}
    )
    transformers.utils.logging.disable_progress_bar()
    transformers.AutoModelForImageClassification.from_config(config).half().save_pretrained(tmp_path / "vit")
    transformers.utils.logging.enable_progress_bar()
    settings = {"do_resize": True, "size": {"height": 32, "width": 32}, "resample": 3, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(settings))
    return tmp_path / "vit"


def test_huggingface_from_a_folder(folder: Path) -> None:
    network = load(f"hf:{folder}")
    assert network.preprocess == Preprocess(size=(32, 32), interpolation="bicubic", mean=(0.5,) * 3, std=(0.25,) * 3)
    assert network.labels == ("cat", "dog")
    assert network.dtype == torch.float32
    assert network.unit("dog").index == 1
    from safetensors.torch import load_file

    assert torch.equal(network.module.state_dict()["classifier.weight"], load_file(folder / "model.safetensors")["classifier.weight"].float())
    assert load(f"hf:{folder}", weights="none", seed=1).weights_hash != network.weights_hash
    with pytest.raises(LoadError, match="no folder of an image classifier"):
        load(f"hf:{folder.parent}")


def test_a_file_of_the_users_own(factory: Path) -> None:
    network = load(f"{factory}:make", weights="none", seed=4)
    assert network.name == "make"
    assert network.weights_hash == load(f"{factory}:make", weights="none", seed=4).weights_hash
    assert network.weights_hash != load(f"{factory}:make", weights="none", seed=5).weights_hash
    assert str(factory.parent) not in sys.path
    full = load(f"{factory}:full")
    assert (full.name, full.labels, full.preprocess.size) == ("full", ("a", "b"), 20)
    for spec, told in {
        f"{factory}:maker": 'no function "maker" in mine.py. Nearest: make',
        f"{factory}:number": "must return a torch.nn.Module or an og.Network",
        f"{factory.parent / 'yours.py'}:make": "there is no file",
    }.items():
        with pytest.raises(LoadError, match=told):
            load(spec)


def test_random_weights_are_seeded_and_leave_the_global_state_alone() -> None:
    state = torch.random.get_rng_state()
    hashes = [load("torchvision:squeezenet1_1", weights="none", seed=seed).weights_hash for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_weights_of_the_zoo_can_be_drawn_anew() -> None:
    trained, blank = load("zoo:photonet"), load("zoo:photonet", weights="none")
    assert trained.weights_hash != blank.weights_hash
    assert trained.labels == blank.labels
    norm = next(layer for layer in blank.module.modules() if isinstance(layer, nn.BatchNorm2d))
    assert not norm.running_mean.any()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("torchvision:resnet8", r'no network "resnet8" among torchvision\'s classifiers\. Nearest: resnet\d+'),
        ("timm:convnextx_tiny", r'no network "convnextx_tiny" in timm\. Nearest: convnext'),
        ("resnet18", "torchvision:resnet18 or timm:resnet18"),
        ("keras:vgg", "a network is torchvision:NAME, timm:NAME"),
        ("torchvision:", "a network is torchvision:NAME"),
    ],
)
def test_names_that_are_not_there(spec: str, told: str) -> None:
    with pytest.raises(LoadError, match=told):
        load(spec, weights="none")
    with pytest.raises(LoadError, match='no zoo network "fotonet". Nearest: photonet'):
        load("zoo:fotonet")


@pytest.mark.parametrize("spec", ["torchvision:resnet18", "timm:resnet18", "hf:microsoft/resnet-18"])
def test_trained_weights_that_are_not_here_name_the_file_to_pass(spec: str) -> None:
    with pytest.raises(LoadError, match=r'nothing is downloaded\. Pass a file, weights="resnet-?18\.safetensors", or weights="none"'):
        load(spec)


def test_trained_weights_in_the_cache_are_found(tmp_path: Path) -> None:
    there = load("torchvision:squeezenet1_1", weights="none", seed=9)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(there.module.state_dict(), tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth")
    assert load("torchvision:squeezenet1_1").weights_hash == there.weights_hash


def test_published_files_bring_their_own_preprocessing(tmp_path: Path) -> None:
    state = load("torchvision:mobilenet_v2", weights="none").module.state_dict()
    for name, size in {"mobilenet_v2-7ebf99e0.pth": 232, "mobilenet_v2-b0353104.pth": 256, "mine.pth": 256}.items():
        torch.save(state, tmp_path / name)
        assert load("torchvision:mobilenet_v2", weights=tmp_path / name).preprocess.size == size


def test_what_is_given_replaces_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\n".join(f"class {index}" for index in range(1000)))
    network = load("torchvision:squeezenet1_1", weights="none", labels=tmp_path / "names.txt", preprocess=Preprocess(size=64))
    assert network.labels is not None
    assert network.labels[7] == "class 7"
    assert network.input_size == (64, 64)
    with pytest.raises(SettingError, match='the device "nowhere"'):
        load("torchvision:squeezenet1_1", weights="none", device="nowhere")


@pytest.mark.usefixtures("unchecked")
def test_a_module_is_told_where_to_go() -> None:
    with pytest.raises(LoadError, match=r"A module goes to og.Network\(module\)"):
        load(nn.Linear(2, 2))  # type: ignore[arg-type]


def test_real_weights_name_what_is_in_a_photograph(shared_data: Callable[..., Path]) -> None:
    import numpy as np
    from PIL import Image

    squeezenet = load("torchvision:squeezenet1_0", weights=shared_data("weights", "squeezenet1_0_deepcompression.safetensors"))
    mobilenet = load(
        "torchvision:mobilenet_v2",
        weights=shared_data("weights", "mobilenet_v2_tf_quant.safetensors"),
        labels=shared_data("photos", "imagenet_classes.csv"),
        preprocess=Preprocess(size=256, crop=225, mean=0.5, std=0.5),
    )
    assert mobilenet.dtype == torch.float32
    paths = sorted(shared_data("photos", "imagenet-sample").glob("*.jpg"))[::50]
    wnids = [line.split(",")[1] for line in shared_data("photos", "imagenet_classes.csv").read_text().splitlines()[1:]]
    for network, least in ((squeezenet, 0.4), (mobilenet, 0.6)):
        right = 0
        for path in paths:
            photo = network.preprocess.apply_array(np.asarray(Image.open(path).convert("RGB")))
            image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float() / 255
            right += int(network.run(image, "input").argmax()) == wnids.index(path.name.split("_")[0])
        assert right / len(paths) >= least


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("def make():\n    raise KeyError('weights')\n", "make", r"KeyError: 'weights' \(own.py, line 2\)"),
        ("import nothing_of_that_name\n", "make", r"ModuleNotFoundError: .*nothing_of_that_name.* \(own.py, line 1\)"),
        ("def make(:\n", "make", "SyntaxError: .*line 1"),
        ("def make(width):\n    return width\n", "make", "TypeError: .*missing 1 required"),
    ],
)
def test_a_file_that_fails_says_where(tmp_path: Path, text: str, name: str, told: str) -> None:
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(LoadError, match=f"gives no network: {told}"):
        load(f"{tmp_path / 'own.py'}:{name}")


@pytest.mark.parametrize("content", [b"junk", b"", b"\x80\x02", b"K" * 40, b"\x80\x02cj"])
def test_files_that_hold_no_weights_are_told_whatever_their_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.py").write_text("from torch import nn\ndef make(): return nn.Conv2d(3, 4, 3)\n")
    (tmp_path / "junk.pt").write_bytes(content)
    with pytest.raises(LoadError, match="junk.pt"):
        load(f"{tmp_path / 'own.py'}:make", weights=tmp_path / "junk.pt")
