from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from optogram.lab._scan import canonical_response, clusters, design, drifts, smooth_noise, t_of, task


def test_the_canonical_response_is_the_published_one() -> None:
    expected = [0, 0.086566, 0.374888, 0.384923, 0.216117, 0.07687, 0.00162, -0.030608, -0.037306]
    np.testing.assert_allclose(canonical_response()[:9], expected, atol=5e-7)
    fine = canonical_response(0.1)
    time = np.arange(len(fine)) * 0.1
    assert time[fine.argmax()] == pytest.approx(5.0)
    assert time[fine.argmin()] == pytest.approx(15.7)
    assert fine.min() / fine.max() == pytest.approx(-0.0889, abs=5e-5)
    assert canonical_response().sum() == pytest.approx(1)


def test_the_design_is_the_studys() -> None:
    study = design()
    assert (study.scans, study.df) == (165, 158)
    assert drifts(165).shape == (165, 6)
    np.testing.assert_allclose(drifts(165).T @ drifts(165), np.eye(6), atol=1e-12)
    np.testing.assert_allclose(study.rest @ study.rest.T, np.eye(159), atol=1e-10)
    np.testing.assert_allclose(study.rest @ drifts(165), 0, atol=1e-10)


def test_the_task_is_the_boxcar_seen_through_the_response() -> None:
    """Numerically: each second of light is answered by the response to it, summed on a fine grid."""
    step = 0.125
    light = np.array([(t % 22) < 10 for t in np.arange(0, 330, step)], float)
    response = canonical_response(step)
    slow = [sum(response[k] * light[i - k] for k in range(min(i + 1, len(response)))) for i in range(0, len(light), 16)]
    np.testing.assert_allclose(task(165), slow, atol=1e-9)


def test_nilearns_response_where_it_is_there() -> None:
    """nilearn's 'spm' differs a little from the canonical one: shifted by its own onset, of the same shape."""
    hemodynamic = pytest.importorskip("nilearn.glm.first_level.hemodynamic_models")
    theirs = hemodynamic.spm_hrf(2.0, oversampling=1)
    ours = canonical_response()[: len(theirs)]
    assert max(np.corrcoef(ours, np.roll(theirs, shift))[0, 1] for shift in (-1, 0, 1)) > 0.95


def test_t_is_that_of_ordinary_least_squares() -> None:
    rng = np.random.default_rng(0)
    study = design()
    scans = rng.standard_normal((165, 3)) + np.outer(task(165), [0, 2, -1]) + np.linspace(0, 5, 165)[:, None]
    matrix = np.concatenate([task(165)[:, None], drifts(165)], axis=1)
    inverse = np.linalg.inv(matrix.T @ matrix)
    for voxel in range(3):
        beta = inverse @ matrix.T @ scans[:, voxel]
        error = np.sum((scans[:, voxel] - matrix @ beta) ** 2) / 158
        assert study.t_map(scans)[voxel] == pytest.approx(beta[0] / np.sqrt(error * inverse[0, 0]), rel=1e-9)


def test_noise_is_as_smooth_as_asked_up_to_the_edge() -> None:
    fwhm = 8 / 3
    noise = smooth_noise(np.random.default_rng(0), 400, (9, 8, 7))
    flat = noise.reshape(400, -1)
    assert flat.std() == pytest.approx(1, abs=0.02)
    neighbours = [np.mean(noise[:, 1:] * noise[:, :-1]), np.mean(noise[:, :, :, 0] * noise[:, :, :, 1])]
    np.testing.assert_allclose(neighbours, np.exp(-2 * np.log(2) / fwhm**2), atol=0.02)
    edge, middle = noise[:, 0].var(), noise[:, 4].var()
    assert edge == pytest.approx(middle, rel=0.08), "a volume smoothed without padding has quieter or louder edges"


def test_noise_that_remembers() -> None:
    noise = smooth_noise(np.random.default_rng(0), 2000, (3, 3, 3), autocorrelation=0.3).reshape(2000, -1)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.3, abs=0.03)
    assert noise[:50].var() == pytest.approx(1, abs=0.35), "it starts in its stationary state"


def test_clusters_join_at_edges_and_not_at_corners() -> None:
    at_edges, at_corners = np.zeros((2, 6, 6, 6), bool)
    for step in range(3):
        at_edges[step + 1, step + 1, 2] = True
        at_corners[step + 1, step + 1, step + 1] = True
    assert clusters(at_edges).sum() == 3
    assert clusters(at_corners).sum() == 0
    at_edges[3, 3, 2] = False
    assert clusters(at_edges).sum() == 0, "two are too few"
    assert clusters(np.ones((2, 2, 2), bool)).all()


def test_smoothing_equals_scipys() -> None:
    shape, fwhm = (6, 5, 4), 8 / 3
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    pad = 4
    white = again.standard_normal((1, *(side + 2 * pad for side in shape)), dtype=np.float32)[0]
    smooth = ndimage.gaussian_filter(white.astype(float), fwhm / np.sqrt(8 * np.log(2)), radius=pad)[tuple(slice(pad, pad + side) for side in shape)]
    found = smooth_noise(rng, 1, shape)[0]
    np.testing.assert_allclose(found / np.linalg.norm(found), smooth / np.linalg.norm(smooth), atol=1e-5)


def test_t_from_correlation() -> None:
    values, direction = np.random.default_rng(1).standard_normal((2, 30))
    r = stats.pearsonr(values, direction)
    one, other = ((part - part.mean()) / np.linalg.norm(part - part.mean()) for part in (values, direction))
    assert stats.t.sf(t_of(one[:, None], other[None], 28)[0, 0], 28) * 2 == pytest.approx(min(r.pvalue, 2 - r.pvalue), rel=1e-6) or r.statistic < 0
