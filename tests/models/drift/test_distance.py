"""Distances are what their formulas say, and what chance gives is what their distribution says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact, hypergeom, ks_2samp

from models.drift.distance import false_discovery_q, homogeneity_p, ks, psi, psi_by_chance, share_p


def counts(*numbers):
    return np.array(numbers)


def draws(rows, cells=10, size=400, seed=0):
    return np.random.default_rng(seed).multinomial(rows, np.full(cells, 1 / cells), size)


def test_psi_is_the_sum_of_differences_times_log_ratios():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    assert psi(counts(500_000, 300_000, 200_000), counts(200_000, 300_000, 500_000)) == pytest.approx(
        np.sum((q - p) * np.log(q / p)), abs=1e-4
    )


def test_psi_of_equal_shares_is_nothing_and_an_empty_cell_is_no_infinity():
    assert psi(counts(100, 200), counts(1000, 2000)) == pytest.approx(0.0, abs=1e-5)
    assert 0.1 < psi(counts(100, 0), counts(50, 50)) < np.inf
    assert psi(counts(0, 0), counts(0, 0)) == 0.0


def test_a_cell_that_nothing_ever_fell_into_changes_nothing():
    assert psi(counts(60, 0, 40), counts(30, 0, 70)) == psi(counts(60, 40), counts(30, 70))


@pytest.mark.parametrize("rows", [100, 200, 2000])
def test_without_drift_psi_is_on_average_what_chance_gives(rows):
    pairs = list(zip(draws(1000, seed=1), draws(rows, seed=2), strict=True))
    expected = np.mean([psi_by_chance(then, now) for then, now in pairs])
    assert expected == pytest.approx(9 * (1 / 1000 + 1 / rows))
    assert np.mean([psi(then, now) for then, now in pairs]) == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize("rows", [50, 200, 2000])
def test_p_values_without_drift_are_small_as_rarely_as_they_say(rows):
    p = np.array([homogeneity_p(*each) for each in zip(draws(1000, seed=3), draws(rows, seed=4), strict=True)])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.03)
    assert p.mean() == pytest.approx(0.5, abs=0.06)


def test_where_every_cell_has_rows_enough_it_is_pearsons_test():
    then, now = counts(200, 300, 500), counts(60, 50, 90)
    assert homogeneity_p(then, now) == pytest.approx(chi2_contingency([then, now]).pvalue)


def test_cells_with_few_rows_are_tested_together():
    then, now = counts(200, 300, 20, 20, 20, 20), counts(60, 50, 1, 2, 1, 4)
    together = chi2_contingency([[200, 300, 80], [60, 50, 8]]).pvalue
    assert homogeneity_p(then, now) == pytest.approx(together)
    assert homogeneity_p(counts(3, 4), counts(2, 0)) == 1.0
    assert homogeneity_p(counts(3, 4), counts(0, 0)) == 1.0


def test_shares_are_compared_by_fishers_exact_test():
    greater = fisher_exact([[8, 92], [10, 990]], alternative="greater").pvalue
    assert share_p(10, 1000, 8, 100, only_more=True) == pytest.approx(greater)
    assert share_p(10, 1000, 8, 100) == pytest.approx(2 * greater)
    assert share_p(10, 1000, 0, 100, only_more=True) == 1.0
    assert share_p(0, 0, 5, 100) == 1.0


@pytest.mark.parametrize("rows", [(60, 7), (1000, 200), (20_000, 1_000_000), (300, 5_000_000)])
def test_whatever_the_number_of_rows(rows):
    then, now = rows
    for hits_then, hits_now in itertools.product((0, 1, then // 9, then), (0, 1, now // 10, now // 8, now)):
        expected = hypergeom.sf(hits_now - 1, then + now, hits_then + hits_now, now)
        found = share_p(hits_then, then, hits_now, now, only_more=True)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-12), (hits_then, hits_now)


def test_ks_is_the_distance_of_numbers_that_fall_on_edges():
    then, now = np.repeat([0, 1, 2], [50, 30, 20]), np.repeat([0, 1, 2], [20, 30, 50])
    assert ks(np.bincount(then), np.bincount(now)) == pytest.approx(ks_2samp(then, now).statistic)
    assert ks(counts(0, 0), counts(1, 2)) == 0.0


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg():
    p = np.random.default_rng(0).random(20) ** 3
    np.testing.assert_allclose(false_discovery_q(p), false_discovery_control(p))
    assert false_discovery_q([]).size == 0
