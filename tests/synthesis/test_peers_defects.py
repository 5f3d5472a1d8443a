"""What is known to go wrong elsewhere, and must not here; and the inputs that such things hide in.

Others of the list have their tests where their subject is: a dead unit named and not drawn (`test_synthesize.py`, `test_honesty.py`), crop boxes
within the image (`test_party.py`), sums that leave their terms alone (`test_objectives.py`), the same picture from the same seed, NaN on the way,
unknown and constant units, 28x28, one channel and fixed sizes (`test_synthesize.py`).
"""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_hook

import optogram.synthesis
from optogram.errors import AddressError
from optogram.network.network import Network
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

STANDARD = {"numpy", "scipy", "torch", "jaxtyping", "optogram", "__future__", "collections", "dataclasses", "functools", "typing"}


def hooks(net: Network) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks) for module in net.module.modules())


def test_hooks_do_not_pile_up() -> None:
    net = planted(1).network
    synthesize(net, "templates:0", steps=2, progress=False)
    before = hooks(net)
    for _ in range(4):
        synthesize(net, ["templates:0", "energy:0"], steps=2, progress=False)
    with pytest.raises(AddressError):
        synthesize(net, "templates:99", steps=2, progress=False)
    assert hooks(net) == before


def test_the_fiftieth_call_does_what_the_first_did() -> None:
    """Counted, not timed: calls of modules, and hooks that lie on them, in every one of fifty calls."""
    net, calls, counts = planted(1).network, [0], []
    synthesize(net, "templates:0", steps=1, progress=False)  # finds sizes, once
    handle = register_module_forward_hook(lambda *passed: calls.__setitem__(0, calls[0] + 1 + len(passed[0]._forward_hooks)))
    try:
        for _ in range(50):
            calls[0] = 0
            synthesize(net, "templates:0", steps=1, progress=False)
            counts.append((calls[0], hooks(net)))
    finally:
        handle.remove()
    assert len(set(counts)) == 1
    assert counts[0][0] > 0


def test_transforms_stand_on_nothing_whose_next_version_could_break_them() -> None:
    """Arrays and sparse products only: no image library whose resampling or argument order changes."""
    folder = Path(optogram.synthesis.__file__).parent
    for path in [*(folder / "transforms").glob("*.py"), folder / "resample.py", folder / "looks.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in named} <= {*STANDARD, "hashlib"}, path.name


@pytest.mark.parametrize("size", [28, 32, (512, 512), (17, 61)])
def test_tiny_huge_and_oblong_pictures(size: int | tuple[int, int]) -> None:
    truth = planted(1)
    made = synthesize(truth.network, truth.addresses["oblique"], size=size, steps=4, progress=False)
    assert made.images.shape[2:] == ((size, size) if isinstance(size, int) else size)
    assert np.isfinite(made.images).all()
    assert made.trace[0, -1] > made.trace[0, 0]
    seen = truth.network.read("templates", torch.from_numpy(made.images))[0, truth.network.unit(truth.addresses["oblique"]).index]
    assert made.activations[0] == pytest.approx(seen.mean().item(), rel=1e-3, abs=1e-5)
