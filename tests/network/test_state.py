"""Weights are read, never run; what does not fit is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from optogram.errors import LoadError
from optogram.network.state import load_state, read_state


def net(seed: int = 0, classes: int = 5) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, classes))


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


WRAPPED = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"epoch": 3, "state_dict": state, "best": 0.9},
    "model": lambda state: {"model": {"state_dict": state}},
    "data parallel": lambda state: {f"module.{key}": value for key, value in state.items()},
    "compiled": lambda state: {"net": {f"_orig_mod.{key}": value for key, value in state.items()}},
    "old": lambda state: {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")},
}


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_usual_wrappings_come_off(wrapping: str, suffix: str, tmp_path: Path) -> None:
    source, target = net(0), net(1)
    torch.save(WRAPPED[wrapping](source.state_dict()), tmp_path / f"w{suffix}")
    load_state(target, tmp_path / f"w{suffix}", "net")
    assert same(source, target)


def test_safetensors_in_half_precision_fill_float32(tmp_path: Path) -> None:
    source, target = net(0), net(1)
    save_file({key: value.half() if value.is_floating_point() else value for key, value in source.state_dict().items()}, tmp_path / "w.safetensors")
    load_state(target, tmp_path / "w.safetensors", "net")
    assert target[0].weight.dtype == torch.float32
    assert torch.equal(target[0].weight, source[0].weight.half().float())


class Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code was run')",)


def test_code_is_refused_and_not_run(tmp_path: Path) -> None:
    for index, value in enumerate((net(), {"state_dict": net().state_dict(), "hook": Runs()})):
        path = tmp_path / f"weights{index}.pt"
        torch.save(value, path)
        with pytest.raises(LoadError, match=rf"weights{index}.pt needs to run code.*Save its state_dict with safetensors"):
            read_state(path)
    path = tmp_path / "whole.pt"
    torch.save(net(), path)
    with pytest.raises(LoadError, match=r"class torch.nn.modules.container.Sequential"):
        read_state(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripts_are_refused(tmp_path: Path) -> None:
    torch.jit.script(net()).save(str(tmp_path / "s.pt"))
    with pytest.raises(LoadError, match="TorchScript archive, which holds code"):
        read_state(tmp_path / "s.pt")


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{nonsense")
    (tmp_path / "broken.pt").write_bytes(b"not a pickle at all")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "weights.txt").write_text("1 2 3")
    torch.save({"epoch": 3}, tmp_path / "no.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    for name, told in {
        "broken.safetensors": "cannot be read as safetensors",
        "broken.pt": r"broken.pt (cannot be read|needs to run code)|broken.pt cannot be read",
        "empty.pt": "cannot be read",
        "weights.txt": "a .safetensors, .pt or .pth file",
        "no.pt": "holds no state_dict, but a dict with epoch",
        "list.pt": "holds no state_dict, but a list",
        "absent.pt": "no such file",
        ".": "a folder",
    }.items():
        with pytest.raises(LoadError, match=told):
            read_state(tmp_path / name)


def test_mismatches_are_listed_with_counts_and_a_hint() -> None:
    state = net().state_dict()
    with pytest.raises(LoadError) as caught:
        load_state(net(), {key: value for key, value in state.items() if not key.startswith("1.")} | {"extra": torch.ones(1)}, "small")
    assert str(caught.value).startswith("small and the weights given do not fit together.")
    assert "Missing (4): 1.weight, 1.bias, 1.running_mean, 1.running_var." in str(caught.value)
    assert "Unexpected (1): extra." in str(caught.value)
    with pytest.raises(LoadError, match=r"Names in the file begin with `backbone.`: take that off"):
        load_state(net(), {f"backbone.{key}": value for key, value in state.items()}, "small")
    with pytest.raises(LoadError, match=r"Names in the network begin with `0.`, those in the file do not"):
        load_state(nn.Sequential(net()), state, "small")
    with pytest.raises(LoadError, match=r"Other shape \(2\): 4.weight is 5x16 in the file, 7x16 in the network; 4.bias is 5 in the file, 7.*factory"):
        load_state(net(classes=7), state, "small")


def test_long_lists_are_cut() -> None:
    with pytest.raises(LoadError, match=r"Missing \(8\): 0.weight, 0.bias, 1.weight, 1.bias \.\.\.\."):
        load_state(net(), {"a": torch.ones(1)}, "small")
