from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from optogram.errors import SettingError, SourceError
from optogram.lab._ends_corners import (
    BATCH,
    DECAY,
    KINDS,
    RATE,
    Detector,
    by_hand,
    contrast,
    corners,
    cost,
    counts,
    ends,
    learned,
    standard,
    start,
    tuning,
)
from optogram.lab._letters import SIDE, C, D, Letters, beside_o, drawn_letters, font_files, font_letters, outline, pixels, shifted
from optogram.lab._stack import schedule
from optogram.lab.motifs_2d import by_chance, looked_at, motifs_2d, within

Quick = Callable[[str], Any]


def neighbours(letter: str) -> tuple[int, int]:
    """Ends and right angles counted by looking at each pixel's neighbours."""
    inked = {tuple(place) for place in np.argwhere(pixels(letter) > 0).tolist()}
    found = [0, 0]
    for row, column in inked:
        near = {(r - row, c - column) for r in range(row - 1, row + 2) for c in range(column - 1, column + 2) if (r, c) in inked} - {(0, 0)}
        found[0] += len(near) == 1
        found[1] += len(near) == 2 and all(0 in step for step in near) and sum(np.array(list(near))[:, 0]) != 0 != sum(np.array(list(near))[:, 1])
    return found[0], found[1]


def test_letters_have_the_ends_and_corners_that_one_sees() -> None:
    assert neighbours(C) == (2, 0)
    assert neighbours(D) == (0, 2)


def test_templates_are_exact_at_every_shift() -> None:
    for letter, expected in ((C, [2, 0]), (D, [0, 2])):
        canvases = shifted(letter, 16)
        assert len(canvases) == len({canvas.tobytes() for canvas in canvases}) == 81
        assert (counts(canvases) == expected).all()


def test_closing_the_gap_of_a_c_takes_its_ends() -> None:
    canvas = np.pad(pixels(C), 3)
    assert counts(canvas[None])[0].tolist() == [2, 0]
    canvas[5:7, 8] = 1
    assert counts(canvas[None])[0].tolist() == [0, 0]


def test_there_are_eight_ends_and_four_corners() -> None:
    assert len({part.tobytes() for part in ends()}) == 8
    assert len({part.tobytes() for part in corners()}) == 4
    assert all((part > 0).sum() == 2 for part in ends())
    assert all((part > 0).sum() == 3 for part in corners())


def test_larger_templates_answer_the_same_at_every_shift() -> None:
    letters, hand = drawn_letters("CD", 2, 3, affine=0, stroke=0), by_hand()
    wide = np.pad(letters.pictures, ((0, 0), (8, 8), (8, 8)))
    answers = np.stack([hand.votes(np.roll(wide, (down, right), axis=(1, 2))) for down in (-3, 0, 4) for right in (-5, 0, 2)])
    np.testing.assert_allclose(answers, answers[:1].repeat(9, axis=0), atol=1e-5)
    assert (answers[:, 0, 0] > answers[:, 0, 1]).all()
    assert (answers[:, 1, 1] > answers[:, 1, 0]).all()


def test_turning_by_a_right_angle_changes_no_vote_of_templates_in_all_directions() -> None:
    letters, hand = drawn_letters("CD", 8, 4).pictures, by_hand()
    np.testing.assert_allclose(hand.votes(np.rot90(letters, axes=(1, 2)).copy()), hand.votes(letters), atol=0.25)


def test_a_d_is_a_mirrored_c_with_one_stroke_more() -> None:
    c, d = outline("C"), outline("D")
    np.testing.assert_array_equal(d[:-1], c * [-1, 1])
    np.testing.assert_array_equal(d[-1], d[0])


def sharpest(line: np.ndarray) -> np.ndarray:
    """By how many degrees a closed line turns at each of its points."""
    steps = np.diff(np.concatenate([line[-2:-1], line]), axis=0)
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    return np.abs((np.diff(angles) + 180) % 360 - 180)


def test_only_d_and_the_square_have_corners() -> None:
    assert [int((sharpest(outline(kind)) > 60).sum()) for kind in "DSO"] == [2, 4, 0]


def test_marks_lie_on_ink_and_move_with_the_letter() -> None:
    letters = drawn_letters("CD", 60, 0)
    for picture, marks in zip(letters.pictures, letters.marks, strict=True):
        for row, column in marks:
            near = picture[max(0, int(row) - 1) : int(row) + 2, max(0, int(column) - 1) : int(column) + 2]
            assert near.max() > 0.5
    beside = beside_o("CD", 60, 0)
    moved = (beside.marks - letters.marks)[:, 0, 1]
    assert set(moved.round(6).tolist()) == {0.0, float(beside.pictures.shape[2] - SIDE)}


def test_the_gradient_of_a_maximum_goes_to_the_window_that_won() -> None:
    """Two steps against automatic differentiation through the whole convolution."""
    letters = beside_o("CD", 80, 0)
    first = start(0)
    parts = [part.clone().requires_grad_() for part in (first.templates, first.thresholds, first.biases)]
    optimiser, random = torch.optim.Adam(parts, lr=RATE), np.random.default_rng(0)
    x, right = torch.from_numpy(letters.pictures).float(), F.one_hot(torch.from_numpy(letters.classes), 2).float()
    for step in range(2):
        optimiser.param_groups[0]["lr"] = RATE * schedule(step / 2)
        chosen = torch.from_numpy(random.integers(80, size=BATCH))
        maps = F.conv2d(x[chosen][:, None], parts[0].flatten(0, 1)[:, None]).amax(dim=(2, 3)).unflatten(1, (2, -1)) - parts[1]
        votes = F.relu(maps).sum(dim=2) + parts[2]
        loss = F.binary_cross_entropy_with_logits(votes, right[chosen]) + DECAY * parts[0].square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    done = learned(letters, 2, 0)
    torch.testing.assert_close(done.templates, parts[0].detach(), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(done.thresholds, parts[1].detach(), atol=1e-4, rtol=1e-3)


def test_what_drives_planted_templates_most() -> None:
    """Of templates that are the motifs themselves, each is driven most by its own; corners and bends by hand."""
    assert (tuning(by_hand()).argmax(axis=2) == [[0], [1]]).all()
    middle = torch.from_numpy(np.stack([standard(kind)[1, 3:10, 3:10] for kind in KINDS])).float()
    planted = middle - middle.mean(dim=(1, 2), keepdim=True)
    planted = planted / planted.norm(dim=(1, 2), keepdim=True)
    detector = Detector(planted.unflatten(0, (2, 2)), torch.zeros(2, 2), torch.zeros(2))
    assert tuning(detector).argmax(axis=2).ravel().tolist() == [0, 1, 2, 3]
    assert contrast(np.array([[2.0, 1, 0, 4]]), 0).tolist() == [0.5]


def test_windows_and_marks_by_hand() -> None:
    marks = np.array([[[10.0, 10.0], [30.0, 30.0]]] * 3)
    assert within(np.array([[7, 7], [24, 24], [11, 3]]), marks).tolist() == [True, True, False]


def test_untrained_templates_do_not_know_and_look_anywhere() -> None:
    letters = beside_o("CD", 200, 4)
    assert (start(0).answer(letters) == letters.classes).mean() < 0.65
    chance = by_chance(letters).mean()
    assert 0.1 < chance < 0.35
    assert looked_at(start(0), letters)[1].mean() < chance + 0.1


def test_shuffled_labels_teach_nothing() -> None:
    known, new = beside_o("CD", 400, 0), beside_o("CD", 200, 1)
    shuffled = Letters(known.pictures, np.random.default_rng(0).permutation(known.classes), known.marks)
    assert (learned(shuffled, 60, 0).answer(new) == new.classes).mean() < 0.65


def test_the_start_with_the_least_cost_on_known_letters_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three starts, of which the second costs least: it is the one that is told of; no start is refused."""
    from optogram.lab import motifs_2d as lab

    made: list[Detector] = []
    costs = iter((0.3, 0.1, 0.2))

    def learn(letters: Letters, steps: int, seed: int, advance: Callable[[int], None]) -> Detector:
        made.append(start(seed))
        return made[-1]

    monkeypatch.setattr(lab, "learned", learn)
    monkeypatch.setattr(lab, "cost", lambda net, letters: next(costs))
    monkeypatch.setattr(lab, "beside_o", lambda kinds, count, seed: beside_o(kinds, min(count, 40), seed))
    monkeypatch.setattr(lab, "_robust_findings", lambda *given: ())
    monkeypatch.setattr(lab, "_rates", lambda *given, **settings: [0.5, 0.5])
    found = motifs_2d(letters=40, steps=1, progress=False)
    assert len(made) == 3
    np.testing.assert_array_equal(found.templates, made[1].templates.numpy())
    assert not np.array_equal(made[0].templates.numpy(), made[2].templates.numpy())
    with pytest.raises(SettingError, match="at least once"):
        motifs_2d(starts=0, progress=False)


def test_the_cost_is_what_learning_lowers() -> None:
    letters = beside_o("CD", 60, 2)
    before, after = start(0), learned(letters, 60, 0)
    votes = torch.relu(before.best(torch.from_numpy(letters.pictures).float())[0]).sum(dim=2) - 1
    signs = torch.where(F.one_hot(torch.from_numpy(letters.classes), 2) == 1, -votes, votes)
    assert cost(before, letters) == pytest.approx(float(F.softplus(signs).mean() + DECAY * before.templates.square().sum()), rel=1e-4)
    assert cost(after, letters) < cost(before, letters)


def test_fonts(tmp_path: Path) -> None:
    """Pillow's own font, written as a file where it has one; a folder without fonts is refused."""
    from PIL import ImageFont

    loaded = ImageFont.load_default(20)
    if not isinstance(loaded, ImageFont.FreeTypeFont):
        pytest.skip("this Pillow has no font of its own")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.ttf").write_bytes(loaded.font_bytes)
    (tmp_path / "own" / "broken.ttf").write_bytes(b"no font")
    letters, names = font_letters(font_files(str(tmp_path / "own")))
    assert letters.pictures.shape == (2, SIDE, SIDE)
    assert len(set(names)) == 1
    heights = [np.flatnonzero(picture.max(axis=1) > 0.5) for picture in letters.pictures]
    assert [int(rows[-1] - rows[0] + 1) for rows in heights] == pytest.approx([20, 20], abs=1.5)
    assert (by_hand().answer(letters) == [0, 1]).all()
    assert Image.fromarray((255 * letters.pictures[0]).astype(np.uint8)).getbbox()
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError, match="--fonts system"):
        motifs_2d(letters=64, steps=1, fonts=str(tmp_path / "none"), quick=True, progress=False)


class TestQuick:
    def test_by_hand(self, quick: Quick) -> None:
        found = quick("motifs_2d").result
        assert found["exact_shifts"] == 1
        for kind in ("affine", "stroke"):
            entry = found.finding(f"{kind}_by_hand")
            assert entry.control > 0.97
            assert entry.low > 0.8
            assert found.robust[["affine", "stroke"].index(kind), 0, -1] < entry.value

    def test_learned(self, quick: Quick) -> None:
        found = quick("motifs_2d").result
        assert found.finding("learned").low > 0.85
        assert found.finding("votes_c").low > 0.85
        assert found.finding("votes_d").low > 0.7

    def test_what_votes_for_c_are_ends_and_for_d_corners(self, quick: Quick) -> None:
        found = quick("motifs_2d").result
        assert found["ends"] == 1 > 0.25 > found.finding("ends").control
        assert found["corners"] > found.finding("corners").control
        assert found["end_contrast"] > 1 > found.finding("end_contrast").control
        assert found["corner_contrast"] > 1.25 > found.finding("corner_contrast").control

    def test_they_fit_their_motif_better_than_random_oriented_templates(self, quick: Quick) -> None:
        for name in ("ends_matched", "corners_matched"):
            entry = quick("motifs_2d").result.finding(name)
            assert entry.value > entry.control + 0.1
            assert float(re.search(r"p = ([.0-9]+)\)", entry.sentence)[1]) <= 0.01

    def test_they_look_at_ends_and_corners(self, quick: Quick) -> None:
        for name, times in (("at_ends", 3), ("at_corners", 2)):
            entry = quick("motifs_2d").result.finding(name)
            assert entry.low > times * entry.chance
            assert entry.low > entry.control + 0.2

    def test_they_answer_about_letters_that_they_never_saw(self, quick: Quick) -> None:
        found = quick("motifs_2d").result
        assert found.finding("unseen").low > 0.75
        i, _, o, square = found.unseen
        assert i[0] > 0.9 > 0.3 > o[0]
        assert square[1] > 0.8 > 0.4 > max(i[1], o[1])
