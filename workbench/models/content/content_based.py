"""Items like those of the history by what they say, not by who chose them."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import encode
from workbench.datasets import Dataset
from workbench.device.arrays import to_device
from workbench.errors import DataError
from workbench.evidence import ByItem
from workbench.models.content import item_texts
from workbench.models.derived_state import derived, on_device
from workbench.models.factorization.factor_products import all_products
from workbench.models.parameters import model
from workbench.models.profile_model import BATCH_BYTES
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.validation import one_of

KINDS = ("tfidf", "encoder")


@model
class ContentBased(Recommender):
    r"""Recommend items whose content is like that of the user's history.

    With :math:`v_i` the vector of item i, of length 1, and :math:`H_u` the history of u,

    .. math::
        s(u, i) = \cos(p_u, v_i), \qquad p_u = \sum_{j \in H_u} r_{uj} v_j

    which is Rocchio's profile of relevant documents (Lops, de Gemmis and Semeraro 2011), weighted
    by the ratings. A rating below zero pushes away. Ratings are not centred: a film that somebody
    chose to see and rated low is still nearer to their taste than most.

    An item needs no interactions, only content: all items of the catalogue are recommended, and
    new ones are as soon as the data set that is fitted lists them.

    Parameters
    ----------
    vectors : {"tfidf", "encoder"}, array or DataFrame
        - "tfidf": the words of title and description and each genre and tag as a term, in every
          language that the items have them in (``title_zh``, …; Chinese is segmented). A field
          f of an item has the values
          :math:`\mathrm{tf} \cdot (\ln \frac{1 + n}{1 + \mathrm{df}} + 1)`, for a term that df of
          the n items have in it (scikit-learn's smoothed idf), and is scaled to length 1, so
          that each field has the same say.
        - "encoder": sentence embeddings of title, genres, tags and description (see
          `workbench.encode`: the embedded encoder reads English only).
        - an array, or a SciPy CSR array, of shape (items, d): a row for each of ``ds.items``.
        - a DataFrame of numbers indexed by ``item_id``.

        Dense vectors are multiplied in float32.
    device : {"auto", "cpu", "gpu"}
        Where the encoder runs, and the products of dense vectors; sparse ones, TF-IDF among
        them, are on the CPU only.

    Raises
    ------
    OptionError
        If an option is not allowed.
    DataError
        From `fit`, if the items have no words, or vectors do not fit them.
    """

    evidence_type = ByItem
    on_gpu = False  # unless vectors are dense

    vectors: Any = "tfidf"

    def __post_init__(self) -> None:
        if isinstance(self.vectors, str):
            one_of("vectors", self.vectors, KINDS)
        words = isinstance(self.vectors, str) and self.vectors == "tfidf"
        self.on_gpu = not words and not sparse.issparse(self.vectors)  # type: ignore[misc]
        super().__post_init__()

    @property
    def item_ids(self) -> pd.Index:
        """Ids of all items of the catalogue, ascending."""
        return self.data.catalogue

    def _fit(self, ds: Dataset) -> None:
        from sklearn.preprocessing import normalize

        vectors, ids = self._item_vectors(ds.items)
        places = ids.get_indexer(self.item_ids)
        known = np.flatnonzero(places >= 0)
        # A product, for it leaves items without a vector a row of zeros.
        entries = np.ones(len(known), np.float32), (known, places[known])
        chosen = sparse.csr_array(entries, shape=(len(places), len(ids)))
        self._vectors = normalize(chosen @ vectors)

    def _item_vectors(self, items: pd.DataFrame) -> tuple[Any, pd.Index]:
        """Vectors as they come, and the items that they are of."""
        ids = pd.Index(items[Columns.ITEM])
        if isinstance(self.vectors, pd.DataFrame):
            return _checked(self.vectors, len(self.vectors)), self.vectors.index
        if not isinstance(self.vectors, str):
            return _checked(self.vectors, len(ids)), ids
        if self.vectors == "tfidf":
            return item_texts.tfidf(items), ids
        return encode(item_texts.sentences(items), device=self.device.kind), ids

    def _tastes(self, ratings: sparse.csr_array) -> tuple[Any, np.ndarray]:
        """Sums over the histories, and what scales each to length 1: 0 for one without length."""
        # In their type, for else SciPy would convert all vectors.
        tastes = ratings.astype(self._vectors.dtype, copy=False) @ self._vectors
        lengths = np.sqrt(_inner(tastes, tastes))
        return tastes, np.divide(1, lengths, out=np.zeros(len(lengths)), where=lengths > 0)

    def _score(self, profiles: Profiles) -> np.ndarray:
        tastes, scales = self._tastes(profiles.ratings)
        vectors = self._vectors
        if sparse.issparse(vectors):
            # SciPy would convert the transpose at every product.
            by_term = derived(self, "by term", vectors, lambda: vectors.T.tocsr())
            scores = (tastes @ by_term).toarray()
        else:
            on_card = on_device(self, "vectors", vectors)
            scores = all_products(to_device(self.device, tastes), on_card)
        scores = scores * to_device(self.device, scales)[:, None]
        scores[scores == 0] = np.nan  # nothing in common
        return scores

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        history, targets = pairs.histories()
        scales = self._tastes(pairs.profiles.ratings)[1][pairs.rows]
        history.data *= self._likeness(history.indices, targets)
        history.data *= scales.repeat(np.diff(history.indptr))
        history.eliminate_zeros()
        return history

    def _likeness(self, items: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Inner products of pairs of items, in parts: their vectors take far more memory."""
        size = BATCH_BYTES // (8 * (self._vectors.size // len(self.item_ids) + 1)) + 1
        parts = range(size, len(items), size)
        pairs = zip(np.split(items, parts), np.split(others, parts), strict=True)
        return np.concatenate([_inner(self._vectors[a], self._vectors[b]) for a, b in pairs])


def _inner(a: Any, b: Any) -> np.ndarray:
    """Inner products of the rows of two arrays, both sparse or both dense."""
    return a.multiply(b).sum(axis=1) if sparse.issparse(a) else np.einsum("rd,rd->r", a, b)


def _checked(vectors: Any, items: int) -> Any:
    """Vectors as they are if sparse, else as float32; one an item, and all finite."""
    table = vectors.tocsr() if sparse.issparse(vectors) else np.asarray(vectors, dtype=np.float32)
    if table.ndim != 2 or table.shape[0] != items:
        raise DataError(
            f"vectors are of shape {table.shape}; give a row for each of the {items:,} items of "
            "the items table, or a DataFrame indexed by item_id"
        )
    if not np.isfinite(table.data if sparse.issparse(table) else table).all():
        raise DataError("vectors hold NaN or infinite values; replace them")
    return table
