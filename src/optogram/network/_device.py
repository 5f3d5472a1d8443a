"""Where a network runs, checked before anything is moved there."""

from __future__ import annotations

import torch

from optogram.errors import SettingError


def device_of(device: str | torch.device | None) -> torch.device | None:
    """The device of that name; `None` stays. Raises `SettingError` for one that there is not, or not here."""
    if device is None:
        return None
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].removesuffix(".")
        raise SettingError(f'the device "{device}" is not to be had here: {reason}. Without one the network runs where its weights are') from error
