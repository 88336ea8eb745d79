"""What models share on their way to scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from workbench.compute import resolve
from workbench.models.neighbours.similarity_matrix import neighbour_sums

VALUES = st.sampled_from([np.nan, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0])  # NaN: no entry
LINKS = st.sampled_from([np.nan, 0.0, 0.5, 1.0, 2.0])


def stored(table: np.ndarray) -> sparse.csr_array:
    """Every number as an entry, 0 too."""
    places = np.nonzero(~np.isnan(table))
    starts = np.concatenate([[0], np.cumsum((~np.isnan(table)).sum(axis=1))])
    return sparse.csr_array((table[places], places[1], starts), shape=table.shape)


@given(arrays(float, (3, 4), elements=VALUES), arrays(float, (4, 5), elements=LINKS))
def test_a_product_is_a_score_wherever_a_term_is_stored(
    rows: np.ndarray, links: np.ndarray
) -> None:
    """Nothing is told from a sum of 0 by a number of its own, -0.0."""
    found = neighbour_sums(resolve("cpu"), stored(rows), stored(links))
    # A negative value of a link of 0 is -0.0 too: no model has such, so it may be either.
    met = (~np.isnan(rows)).astype(int) @ (~np.isnan(links)).astype(int) > 0
    expected = np.nan_to_num(rows) @ np.nan_to_num(links)
    unsure = met & (expected == 0) & ((rows < 0).any(axis=1)[:, None] & (links == 0).any(axis=0))
    np.testing.assert_array_equal(
        np.where(unsure, 0, found), np.where(unsure, 0, np.where(met, expected, np.nan))
    )
