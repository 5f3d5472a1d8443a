"""Why no gradient arrives: where a forward pass turns gradients off, or lets go of what it has computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from optogram.network.rectifiers import unintercepted
from optogram.network.structure import leaves
from optogram.network.tap import Recorder, Taps

if TYPE_CHECKING:
    from optogram.network.network import Network

DETACHES = {torch.Tensor.detach, torch.Tensor.detach_, torch.detach, torch.detach_}


def severed(network: Network, images: Tensor) -> str:
    """What cuts the way from the images, in words with the module and the remedy; nothing where nothing was seen to. One forward pass.

    `images` [batch, channel, height, width] in the input frame, in 0..1. A tensor that loses its gradient by other means (NumPy, `.data`) is
    not seen.
    """
    ways = _Ways()
    cuts = _Cuts(ways)
    images = images.detach()[:1].requires_grad_()
    with torch.enable_grad(), unintercepted(network._wiring, ways), cuts:
        network.run(images, frame="input")
    return cuts.told


class _Ways(Recorder):
    """A plain pass that remembers of each open module whether gradients were kept when it began."""

    def __init__(self) -> None:
        super().__init__([], set(), {}, Taps({}))
        self.kept: list[bool] = []

    def before(self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        super().before(path, module, args, kwargs)
        del self.kept[len(self.stack) - 1 :]
        self.kept.append(torch.is_grad_enabled())
        return None

    def where(self) -> str:
        """The innermost open module that began with gradients: its own forward is what turns them off, or lets go."""
        number = max((number for number in range(len(self.stack)) if self.kept[number]), default=0)
        path, _, module = self.stack[number]
        return f"{path} ({type(module).__name__})" if path else f"the forward of {type(module).__name__}"


class _Cuts(TorchFunctionMode):
    """Looks for the last call that takes what depends on the images and hands on what does not: earlier ones were left for a way that went on."""

    def __init__(self, ways: _Ways) -> None:
        super().__init__()
        self.ways, self.told = ways, ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Torch calls this for every operation while the mode is active."""
        kwargs = kwargs or {}
        given = self.ways.stack and any(tensor.requires_grad for _, tensor in leaves({"args": args, "kwargs": kwargs}))
        found = func(*args, **kwargs)
        made = [tensor for _, tensor in leaves(found) if tensor.is_floating_point()] if given else []
        if made and not any(tensor.requires_grad for tensor in made):
            self.told = self._told(func) or self.told
        return found

    def _told(self, function: Any) -> str:
        off = "torch.inference_mode" if torch.is_inference_mode_enabled() else "" if torch.is_grad_enabled() else "torch.no_grad"
        if off:
            return f"{self.ways.where()} computes under {off}, which keeps no gradient; take that out of the network's code"
        if function in DETACHES:
            return f"{self.ways.where()} detaches what it has computed, which keeps no gradient; take that out of the network's code"
        return ""
