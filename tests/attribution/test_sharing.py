"""Early layers computed once for all coalitions: the same answers as whole passes, for any parts; refused where something goes around."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.test_window import FRAMES, Deep, images
from torch import Tensor, nn

from optogram.attribution import _coalitions, _sharing
from optogram.attribution._attribute import attribute
from optogram.attribution._entrance import Reach
from optogram.attribution._sharing import coloured, touches
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

GRID = np.arange(64)[:, None] // 16 * 4 + np.arange(64)[None, :] // 16


def blobs(seed: int) -> np.ndarray:
    """Parts without straight edges: each pixel belongs to the nearest of nine points."""
    points = np.random.default_rng(seed).random((9, 2)) * 64
    where = np.stack(np.mgrid[:64, :64], axis=-1)[:, :, None]
    labels = np.unique(((where - points) ** 2).sum(-1).argmin(-1), return_inverse=True)[1]
    return labels.reshape(64, 64)


def asked(net: Network, method: str, segments: np.ndarray, sides: tuple[int, int] = (64, 64), **settings: object) -> np.ndarray:
    found = attribute(net, images(*sides), "output:1", method, segments=segments, baseline="mean", batch_size=100, progress=False, **settings)
    return found.values


@pytest.mark.parametrize("segments", [GRID, np.stack([blobs(0), blobs(1)])], ids=["grid", "blobs"])
@pytest.mark.parametrize("frame", FRAMES)
def test_the_same_as_whole_passes(segments: np.ndarray, frame: str, monkeypatch: pytest.MonkeyPatch) -> None:
    preprocess, sides = FRAMES[frame]
    net, made = Network(Deep().eval(), preprocess), []
    place = np.ix_(*(np.arange(side) * 64 // side for side in sides))
    segments = segments[place] if segments.ndim == 2 else segments[:, place[0], place[1]]
    real = _coalitions.sharing
    monkeypatch.setattr(_coalitions, "sharing", lambda *given: made.append(real(*given)) or made[-1])
    fast = asked(net, "lime", segments, sides, samples=300)
    assert len(made) == 2, "one a photograph"
    assert all(one is not None for one in made)
    assert all(len(one.table) <= 300 / 4 * one.owner.shape[1] for one in made)
    monkeypatch.setattr(_coalitions, "sharing", lambda *given: None)
    whole = asked(net, "lime", segments, sides, samples=300)
    assert np.abs(fast - whole).max() < 1e-4 * np.abs(whole).max()


def test_a_way_around_the_site_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    net, made = Network(Deep(around=True).eval(), Preprocess(size=64)), []
    real = _coalitions.sharing
    monkeypatch.setattr(_coalitions, "sharing", lambda *given: made.append(real(*given)) or made[-1])
    values = asked(net, "lime", GRID, samples=300)
    assert made == [None, None]
    monkeypatch.setattr(_coalitions, "WORTH_IT", 10**6)
    np.testing.assert_allclose(values, asked(net, "lime", GRID, samples=300), rtol=1e-3, atol=1e-6)


class Fork(nn.Module):
    """Two branches that are joined again, as in SqueezeNet: each of them alone is gone around by the other."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.pool = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU()), nn.MaxPool2d(3, 2, 1)
        self.left, self.right = nn.Sequential(nn.Conv2d(6, 4, 1), nn.ReLU()), nn.Sequential(nn.Conv2d(6, 4, 3, padding=1), nn.ReLU())
        self.last, self.head = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.stem(x))
        return self.head(self.last(torch.cat([self.left(x), self.right(x)], dim=1)).mean((2, 3)))


def test_a_site_that_a_branch_goes_around_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    net, made, tried = Network(Fork().eval(), Preprocess(size=64)), [], []
    real, through = _coalitions.sharing, _sharing.passed
    monkeypatch.setattr(_coalitions, "sharing", lambda *given: made.append(real(*given)) or made[-1])
    monkeypatch.setattr(_sharing, "passed", lambda question, ways, responses: tried.append(ways[0][0].address) or through(question, ways, responses))
    fast = asked(net, "lime", GRID, samples=300)
    assert {one and one.site.address for one in made} == {"pool"}
    assert {address.partition(".")[0] for address in tried} >= {"left", "right", "pool"}
    monkeypatch.setattr(_coalitions, "sharing", lambda *given: None)
    np.testing.assert_allclose(fast, asked(net, "lime", GRID, samples=300), rtol=1e-3, atol=1e-4 * np.abs(fast).max())


def test_few_draws_are_played_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    net, made = Network(Deep().eval(), Preprocess(size=64)), []
    real = _sharing.entrances
    monkeypatch.setattr(_sharing, "entrances", lambda question: made.append(1) or real(question))
    asked(net, "lime", GRID, samples=_sharing.WORTH_IT - 1)
    assert not made


def test_what_places_touch_pixel_by_pixel() -> None:
    parts = torch.as_tensor(blobs(3))
    reach = (Reach(-3, 9, 4, 16, 64), Reach(-1, 5, 8, 8, 64))
    found = touches(parts[None] == torch.arange(9)[:, None, None], reach)
    for row, column in ((0, 0), (7, 3), (15, 7)):
        top, left = -3 + 4 * row, -1 + 8 * column
        seen = set(parts[max(0, top) : top + 9, max(0, left) : left + 5].flatten().tolist())
        assert set(found[:, row * 8 + column].nonzero()[:, 0].tolist()) == seen


def test_no_place_sees_two_parts_of_one_colour() -> None:
    parts = torch.as_tensor(GRID)[None] == torch.arange(16)[:, None, None]
    touching = touches(parts, (Reach(-2, 7, 2, 32, 64), Reach(-2, 7, 2, 32, 64)))
    colours = coloured(touching)
    assert int(colours.max()) == 3, "a grid takes four colours"
    for place in range(touching.shape[1]):
        seen = colours[touching[:, place]].tolist()
        assert len(seen) == len(set(seen))
