"""A file that cannot be read is named with its reason, once, on the command line and in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from optogram.cli._app import run
from optogram.network.load import load
from optogram.orient.uprightness import Scorer, features


@pytest.mark.filterwarnings("default::optogram.images.left_out.LeftOutWarning")
def test_what_is_no_photograph_is_named(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (source / "c.jpg").write_bytes(b"Dear Sir, ...")
    network = load("zoo:sky")
    site = next(one for one in reversed(network.sites()) if one.layout == "spatial")
    count = features(network, [site], torch.rand(1, network.channels, *network.input_size)).shape[1]
    head = Scorer("sky", network.weights_hash, (site.address,), network.input_size[0], np.zeros(count), np.ones(count), np.ones(count), 1.0, 0.1)
    head.save(tmp_path / "head.npz")
    said = "1 of 3 files was left out: c.jpg (not an image)."
    assert run(["orient", "predict", str(source), "-s", str(tmp_path / "head.npz"), "--model", "zoo:sky", "--report", str(tmp_path / "report")]) == 0
    shown = capsys.readouterr()
    assert shown.err.count(said) == 1
    assert "c.jpg" not in shown.out
    assert "2 photographs answered." in (page := (tmp_path / "report" / "index.html").read_text())
    assert page.count(said) == 1
    for dry in (["--dry-run"], []):
        assert run(["orient", "apply", str(source), "-s", str(tmp_path / "head.npz"), "--model", "zoo:sky", *dry]) == 0
        assert capsys.readouterr().err.count(said) == 1
