"""What a metric compares: ratings, weighted or centred, as float64 values.

The same bits on every processor, and on a card as on the host. What is done entry by entry (roots,
products, quotients, differences) is correctly rounded on all of them; of what there is one a row or
column, sums and means are the host's, added up in one order, and logarithms are decimal: those of a
mathematical library, or of a processor's vector unit, differ in the last bit.
"""

from decimal import Decimal, localcontext
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from workbench.compute.metrics import COLUMN_CENTRED, ONES, ROW_CENTRED, VALUES
from workbench.compute.options import SimilarityOptions
from workbench.device.arrays import group_sums, library_of, to_host
from workbench.errors import OptionError

UNPREPARED = ((VALUES, "none"), (ONES, "none"))  # an entry does not depend on the others
K1, B = 1.2, 0.75
DIGITS = 25  # of a logarithm, before it is rounded to the 17 that a float64 has at most


class Coordinates(NamedTuple):
    """The entries of an array of shape (columns, rows), by column and within it by row."""

    values: Any  # float64, NumPy's or, as the others, CuPy's
    rows: Any
    columns: Any
    shape: tuple[int, int]

    @classmethod
    def of(cls, by_feature: sparse.csr_array) -> "Coordinates":
        """Those of a CSR array."""
        return cls(by_feature.data, by_feature.indices, _numbers(by_feature), by_feature.shape)


class Weighting:
    r"""Weights and centres rows by what the columns of all rows say.

    With :math:`x_{rc}` the value of row r in column c, N the number of rows, :math:`n_c` that of
    the rows with an entry in c, :math:`L_r` the sum of row r and :math:`\bar L` its mean,

    .. math::
        idf_c = \max\left(0, \ln \frac{N}{1 + n_c}\right), \\
        tfidf = \sqrt{x_{rc}} \; idf_c, \qquad
        bm25 = \frac{x_{rc} (k_1 + 1)}{x_{rc} + k_1 (1 - b + b L_r / \bar L)} \; idf_c

    with :math:`k_1 = 1.2, b = 0.75` (Robertson and Zaragoza 2009, eq. 3.15; both as Ferrari
    Dacrema et al. 2021, section 4.1, apply them to neighbourhood models). A column that all rows
    have, or all but one, tells none of them apart and weighs exactly 0: its logarithm would be
    below 0, and in a product of two such weights count as one above. Weighting comes before
    centring; the mean of a column is that over the rows with an entry in it.

    Parameters
    ----------
    by_feature : CSR array of shape (columns, rows), float64; or Coordinates
    options : SimilarityOptions
        Its metric and weighting.

    Raises
    ------
    OptionError
        If weights are asked for where the metric does not look at values, or some are negative.
    """

    def __init__(
        self, by_feature: sparse.csr_array | Coordinates, options: SimilarityOptions
    ) -> None:
        self._of, self._weighting = options.definition.of, options.weighting
        if (self._of, self._weighting) in UNPREPARED:
            return
        if self._of == ONES:
            raise OptionError(
                f"weighting={self._weighting!r} has no effect on a metric that compares only which "
                "entries there are; use weighting='none'"
            )
        entries = Coordinates.of(by_feature) if sparse.issparse(by_feature) else by_feature
        columns, rows = entries.shape
        if self._weighting != "none":
            counts = library_of(entries.columns).bincount(entries.columns, minlength=columns)
            self._idf = column_weights(rows, to_host(counts))
            self._mean_length = to_host(entries.values).sum() / rows or 1.0
        if self._of == COLUMN_CENTRED:
            self._means = _means(self._weighted(entries), entries.columns, columns)

    def transform_features(self, by_feature: sparse.csr_array) -> sparse.csr_array:
        """Prepare a CSR array of shape (columns, rows)."""
        if self._of == VALUES and self._weighting == "none":
            return by_feature
        values = self.transform_entries(Coordinates.of(by_feature))
        return sparse.csr_array((values, by_feature.indices, by_feature.indptr), by_feature.shape)

    def transform_rows(self, by_row: sparse.csr_array) -> sparse.csr_array:
        """Prepare a CSR array of shape (any rows, columns)."""
        places = _numbers(by_row), by_row.indices
        values = self.transform_entries(Coordinates(by_row.data, *places, by_row.shape[::-1]))
        return sparse.csr_array((values, by_row.indices, by_row.indptr), by_row.shape)

    def transform_entries(self, entries: Coordinates) -> Any:
        """Prepare values; all entries of a row are there, in the order of their columns."""
        if self._of == ONES:
            return library_of(entries.values).ones_like(entries.values)
        values = self._weighted(entries)
        if self._of == VALUES:
            return values
        if self._of == ROW_CENTRED:
            means = _means(values, entries.rows, entries.shape[1])
            return centred(values, _gathered(means, entries.rows))
        return centred(values, _gathered(self._means, entries.columns))

    def _weighted(self, entries: Coordinates) -> Any:
        values, rows, columns, shape = entries
        if self._weighting == "none":
            return values
        if (values < 0).any():
            raise OptionError(f"weighting={self._weighting!r} needs values of 0 or more")
        idf = _gathered(self._idf, columns)
        if self._weighting == "tfidf":
            return np.sqrt(values) * idf
        lengths = group_sums(values, rows, shape[1]) / self._mean_length
        saturation = K1 * (1 - B + B * lengths)
        return values * (K1 + 1) / (values + saturation[rows]) * idf


def column_weights(rows: int, counts: np.ndarray) -> np.ndarray:
    """The idf of columns that so many of the rows have, see `Weighting`; one logarithm a count.

    Decimal arithmetic is done in whole numbers: its logarithm is correctly rounded everywhere.
    """
    distinct, places = np.unique(counts, return_inverse=True)
    weights = np.zeros(len(distinct))
    with localcontext(prec=DIGITS):
        for place, count in enumerate(distinct.tolist()):
            if 1 + count < rows:
                weights[place] = float((Decimal(rows) / (1 + count)).ln())
    return weights[places]


def _numbers(matrix: sparse.csr_array) -> np.ndarray:
    """Row number of every entry."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))


def _gathered(numbers: np.ndarray, places: Any) -> Any:
    """Numbers of the host at places, where these are."""
    return library_of(places).asarray(numbers)[places]


def _means(values: Any, groups: Any, count: int) -> np.ndarray:
    values, groups = to_host(values), to_host(groups)
    # Means of what one of the values does not say: exact where all are equal.
    some = np.zeros(count)
    some[groups] = values
    sums = np.bincount(groups, values - some[groups], count)
    return some + sums / np.maximum(np.bincount(groups, minlength=count), 1)


def centred(values: Any, means: Any) -> Any:
    """Differences; 0 where there is only rounding error."""
    difference = values - means
    difference[np.abs(difference) < 1e-12 * np.abs(values)] = 0
    return difference
