"""Midranks beside SciPy's, ties, gaps and all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import rankdata

from workbench.compute import midranks

SCORES = st.sampled_from([np.nan, -np.inf, -1.0, 0.0, -0.0, 2.5, np.inf])


@given(arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=SCORES))
def test_midranks_are_those_of_scipy(scores: np.ndarray) -> None:
    places = np.nonzero(~np.isnan(scores))
    expected = rankdata(scores, axis=1, nan_policy="omit")[places]
    assert np.array_equal(midranks(scores, *places), expected)


def test_ties_share_the_mean_and_a_gap_takes_no_rank() -> None:
    scores = np.array([[3.0, 1.0, np.nan, 3.0], [0.0, 0.0, 0.0, 9.0]])
    assert midranks(scores, np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])).tolist() == [
        2.5,
        1,
        2,
        4,
    ]
