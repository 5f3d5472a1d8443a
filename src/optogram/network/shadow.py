"""The shadow: a copy of the user's module tree that shares its weights and nothing else.

Modules, hooks, modes and flags are the shadow's own; parameters are aliases of the user's storage, so that later updates are
seen and nothing is held twice. Buffers are copied (they are small), as a module may write into them even in `eval()`.
"""

from __future__ import annotations

import copy
import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from optogram.errors import InputError
from optogram.network.structure import version_of


class Shadow:
    """A frozen, evaluating copy of `module` on `device`, kept in step with the original by `sync`.

    `private` takes the weights once and for all, in their own storage, so that layout and type may differ.
    """

    def __init__(self, module: nn.Module, device: torch.device | None = None, private: bool = False) -> None:
        self.original = _filled(_unwrapped(module))
        self.device = device or _device(self.original)
        self.private = private
        self.module = _copied(self.original, self.device, private)
        self._seen: dict[str, tuple[int, int, int]] = {}
        self._names = _names(self.original)
        self.sync()

    def sync(self) -> None:
        """Takes up what changed in the user's module since the last call; does nothing for a private copy."""
        if self.private:
            return
        if _names(self.original) != self._names:
            self.module = _copied(self.original, self.device, private=False)
            self._names, self._seen = _names(self.original), {}
        mine = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        for name, parameter in self.original.named_parameters():
            self._follow(name, parameter, mine[name])
        for name, buffer in self.original.named_buffers():
            self._copy(name, buffer, mine[name])

    def _follow(self, name: str, theirs: Tensor, mine: Tensor) -> None:
        if theirs.data_ptr() == mine.data_ptr() and theirs.shape == mine.shape and theirs.dtype == mine.dtype:
            return
        if theirs.device == self.device:
            mine.data = theirs.detach()
        if mine.data_ptr() != theirs.data_ptr():
            self._copy(name, theirs, mine)

    def _copy(self, name: str, theirs: Tensor, mine: Tensor) -> None:
        stamp = (theirs.data_ptr(), version_of(theirs), version_of(mine))
        if self._seen.get(name) == stamp:
            return
        with torch.no_grad():
            if theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                mine.data = theirs.detach().to(self.device, copy=True)
            else:
                mine.copy_(theirs)
        self._seen[name] = (theirs.data_ptr(), version_of(theirs), version_of(mine))


def weights_hash(module: nn.Module) -> str:
    """16 hexadecimal digits over every parameter and buffer, with names, shapes and types."""
    digest = hashlib.blake2b(digest_size=8)
    for label, content in _contents(module):
        digest.update(label)
        digest.update(content)
    return digest.hexdigest()


def checksum(module: nn.Module) -> int:
    """32 bits over the same bytes, in a fifth of the time: enough to see that the weights are still those that were hashed."""
    total = 0
    for label, content in _contents(module):
        total = zlib.crc32(content, zlib.crc32(label, total))
    return total


def _contents(module: nn.Module) -> Iterator[tuple[bytes, Any]]:
    for name, tensor in sorted({**dict(module.named_parameters()), **dict(module.named_buffers())}.items()):
        label = f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode()
        yield label, tensor.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b""


def _copied(module: nn.Module, device: torch.device, private: bool) -> nn.Module:
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        alias = parameter.detach().to(device)
        memo[id(parameter)] = nn.Parameter(alias.clone() if private else alias, requires_grad=False)
    for buffer in module.buffers():
        memo[id(buffer)] = buffer.detach().to(device, copy=True)
    for inner in module.modules():
        for value in list(vars(inner).values()):
            if isinstance(value, Tensor) and id(value) not in memo:
                memo[id(value)] = value.detach().to(device, copy=True)
    with torch.no_grad():  # scripted modules clone their parameters in compiled code, where no memo reaches; `sync` has them follow
        shadow = copy.deepcopy(module, memo)
    for parameter in shadow.parameters():
        parameter.requires_grad_(False)
    return shadow.to(device).eval()


def _unwrapped(module: nn.Module) -> nn.Module:
    """The module itself, out of `torch.compile` and the data-parallel wrappers, whose copies cannot be hooked."""
    while True:
        if hasattr(module, "_orig_mod"):
            module = module._orig_mod  # type: ignore[assignment]
        elif isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            module = module.module
        else:
            return module


def _filled(module: nn.Module) -> nn.Module:
    """The module itself if all its weights have values; `InputError` with the way out otherwise."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
            raise InputError(
                f"{name} has no shape yet (a lazy module): run the module once, as in module(torch.rand(1, 3, 224, 224)), then load its weights"
            )
        if tensor.is_meta:
            raise InputError(f'{name} has no values (device "meta"): give it weights, as in module.load_state_dict(state, assign=True)')
    return module


def _device(module: nn.Module) -> torch.device:
    for tensor in [*module.parameters(), *module.buffers()]:
        return tensor.device
    return torch.device("cpu")


def _names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_parameters()] + [name for name, _ in module.named_buffers()]
