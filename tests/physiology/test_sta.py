from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import InputError, SettingError
from optogram.physiology.sta import draw, spike_triggered, triggered_average, triggered_covariance, whitening
from optogram.zoo._planted import Planted, planted


@pytest.fixture(scope="module")
def given() -> Planted:
    return planted(1)


def likeness(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.corrcoef(found.ravel(), truth.ravel())[0, 1])


@pytest.mark.parametrize("noise", ["white", "natural"])
def test_planted_filters_are_recovered(given: Planted, noise: str) -> None:
    found = spike_triggered(given.network, "rectified", noise=noise, pictures=6000, progress=False)  # type: ignore[arg-type]
    for name in ("wave", "quarter", "negative", "oblique", "checker"):
        assert likeness(found.average[int(given.addresses[name].split(":")[1])], given.truth[name]) >= 0.95


def test_natural_noise_must_be_divided_by_its_covariance(given: Planted) -> None:
    """Without the division the average is the template blurred: the control for the test above."""
    random = np.random.default_rng(0)
    shown = draw("natural", (6000, 1, 12, 12), random).reshape(6000, -1).astype(float)
    truth = given.truth["wave"].ravel()
    raw = triggered_average(shown, np.maximum(shown @ truth, 0)[:, None])[0]
    assert likeness(raw, truth) < 0.9
    assert likeness(raw @ whitening(shown) @ whitening(shown), truth) >= 0.95


def test_an_energy_unit_has_no_average_and_two_axes(given: Planted) -> None:
    found = spike_triggered(given.network, given.addresses["energy"], pictures=12000, covariance=True, progress=False)
    assert found.axes is not None
    assert found.exciting == 2
    assert found.suppressing == 0
    axes = found.axes[:2].reshape(2, -1)
    for truth in given.truth["energy"]:
        assert np.linalg.norm(axes @ truth.ravel()) >= 0.95
    assert abs(likeness(found.average[0], given.truth["wave"])) < 0.5


def test_a_divided_unit_has_a_suppressing_axis() -> None:
    random = np.random.default_rng(0)
    white = random.normal(size=(12000, 40))
    rates = np.exp(-(white[:, 3] ** 2))
    values, axes, low, high = triggered_covariance(white, rates)
    assert (values < low).sum() == 1
    assert (values > high).sum() == 0
    assert abs(axes[-1, 3]) > 0.95


def test_rates_that_know_nothing_of_the_pictures_show_no_axis() -> None:
    random = np.random.default_rng(1)
    white = random.normal(size=(4000, 40))
    hits = []
    for seed in range(12):
        values, _, low, high = triggered_covariance(white, random.random(4000) ** 4, seed)
        hits.append(((values > high) | (values < low)).any())
    assert np.mean(hits) < 0.35


def test_noise_is_what_it_says() -> None:
    random = np.random.default_rng(0)
    white, natural = (draw(kind, (400, 3, 32, 32), random) for kind in ("white", "natural"))  # type: ignore[arg-type]
    assert abs(likeness(white[:, 0, :, 1:], white[:, 0, :, :-1])) < 0.01
    assert likeness(natural[:, 0, :, 1:], natural[:, 0, :, :-1]) > 0.65
    assert likeness(natural[:, 0], natural[:, 2]) == pytest.approx(0.8, abs=0.05)
    power = (np.abs(np.fft.fft2(natural[:, 0] * np.hanning(32)[:, None] * np.hanning(32))) ** 2).mean(0)
    slope = np.polyfit(np.log([3, 4, 6, 8, 11]), np.log(power[0, [3, 4, 6, 8, 11]]), 1)[0]
    assert slope == pytest.approx(-2, abs=0.4)


@pytest.mark.parametrize(("name", "said"), [("dead", "is silent on all 64 pictures"), ("constant", r"answers \S+ to all 64 pictures")])
@pytest.mark.parametrize("covariance", [False, True])
def test_a_unit_that_noise_does_not_change_is_refused(given: Planted, name: str, said: str, covariance: bool) -> None:
    with pytest.raises(InputError, match=rf"{given.addresses[name]} {said} of noise: .* Name another unit"):
        spike_triggered(given.network, given.addresses[name], pictures=64, covariance=covariance, progress=False)


def test_silent_units_of_a_site_have_an_average_of_nothing(given: Planted) -> None:
    found = spike_triggered(given.network, "rectified", pictures=64, progress=False)
    silent, driven = (int(given.addresses[name].split(":")[1]) for name in ("dead", "wave"))
    assert (found.average[silent] == 0).all()
    assert np.linalg.norm(found.average[driven]) == pytest.approx(1)


def test_large_fields_and_unknown_noise_are_refused(unchecked: None) -> None:
    from optogram.network.load import load

    with pytest.raises(SettingError, match=r"3x47x47 = 6,627"):
        spike_triggered(load("zoo:photonet"), "relu4")
    with pytest.raises(SettingError, match="white"):
        spike_triggered(planted(1).network, "templates", noise="whit")  # type: ignore[arg-type]
