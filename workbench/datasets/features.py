"""What behaviour says about users and items: profiles for filters, plots and models."""

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.dataset import Dataset

_DAY = pd.Timedelta(days=1)


def user_profiles(ds: Dataset) -> pd.DataFrame:
    """One row a user with interactions, ascending by id.

    Returns
    -------
    DataFrame
        - ``user_id``
        - ``activity``: number of interactions
        - ``mean_rating``, ``rating_spread``: mean and population standard deviation
        - ``recency_days``: days from the user's last interaction to the newest of the data
          (where there are timestamps)
        - ``price_low``, ``price_typical``, ``price_high``: lower quartile, median and upper
          quartile of the prices of the user's items (where items have a price)
        - ``taste:GENRE``, a column a genre: the user's share of it, see `taste` (where items
          have genres); 0 for all where no item of the user's has a genre
        - the attributes in ``ds.users``
    """
    by_user = ds.table.groupby(Columns.USER)
    profiles = _rating_summary(by_user[Columns.RATING], "activity")
    if Columns.TIMESTAMP in ds.table:
        times = ds.table[Columns.TIMESTAMP]
        profiles["recency_days"] = (times.max() - by_user[Columns.TIMESTAMP].max()) / _DAY
    if Columns.PRICE in ds.items:
        profiles = profiles.join(_price_band(ds))
    if Columns.GENRES in ds.items:
        weights, genres = _genre_weights(ds, Columns.GENRES)
        shares = pd.DataFrame(_shares(weights), index=ds.user_ids, columns=genres)
        profiles = profiles.join(shares.add_prefix("taste:"))
    profiles = profiles.reset_index()
    if ds.users is None:
        return profiles
    return profiles.merge(ds.users, on=Columns.USER, how="left", validate="one_to_one")


def item_profiles(ds: Dataset) -> pd.DataFrame:
    """One row an item of ``ds.items``, in its order.

    Returns
    -------
    DataFrame
        - ``item_id``
        - ``popularity``: number of interactions, 0 for an item without any
        - ``mean_rating``, ``rating_spread``: mean and population standard deviation, NaN for an
          item without interactions
        - ``age_days``: days from the item's first interaction to the newest of the data (where
          there are timestamps)
        - the attributes in ``ds.items``
    """
    by_item = ds.table.groupby(Columns.ITEM)
    profiles = _rating_summary(by_item[Columns.RATING], "popularity")
    if Columns.TIMESTAMP in ds.table:
        times = ds.table[Columns.TIMESTAMP]
        profiles["age_days"] = (times.max() - by_item[Columns.TIMESTAMP].min()) / _DAY
    profiles = profiles.reindex(ds.items[Columns.ITEM])
    profiles["popularity"] = profiles["popularity"].fillna(0).astype(np.int64)
    return profiles.reset_index().merge(ds.items, on=Columns.ITEM, validate="one_to_one")


def taste(ds: Dataset, *, user_id: object = None, by: str = Columns.GENRES) -> pd.DataFrame:
    """Shares of users' taste by genre, and how far they lie from everybody's.

    A rating is divided equally among the genres of its item, and

        share(u, g) = w(u, g) / sum over g' of w(u, g')
        lift(u, g)  = share(u, g) / (sum over u' of w(u', g) / sum over u', g' of w(u', g'))

    where w(u, g) is the sum of user u's rating parts that fall on genre g. A negative rating
    counts as 0. A lift of 1 means "like everybody".

    Parameters
    ----------
    ds : Dataset
        Data whose items carry the column ``by``.
    user_id : str or int, optional
        One user; everyone by default.
    by : str
        Column of ``ds.items`` with a list of str or one value an item: ``genres``, ``tags``,
        ``brand``, …

    Returns
    -------
    DataFrame
        ``user_id``, ``genre``, ``share``, ``lift`` of every positive share, ascending by user,
        the largest share first (equal ones by genre).

    Raises
    ------
    DataError
        If items have no column ``by``.
    UnknownIdError
        If the user has no interactions.
    """
    weights, genres = _genre_weights(ds, by)
    rows = np.arange(len(weights)) if user_id is None else ds.require_users([user_id])
    shares = _shares(weights[rows])
    everybody = _shares(weights.sum(axis=0, keepdims=True))[0]
    user, genre = np.nonzero(shares)
    frame = pd.DataFrame(
        {
            Columns.USER: ds.user_ids[rows[user]],
            "genre": genres[genre],
            "share": shares[user, genre],
            "lift": shares[user, genre] / everybody[genre],
        }
    )
    order = [Columns.USER, "share", "genre"]
    return frame.sort_values(order, ascending=[True, False, True], ignore_index=True)


def _rating_summary(ratings: "pd.api.typing.SeriesGroupBy", count: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            count: ratings.size(),
            "mean_rating": ratings.mean(),
            "rating_spread": ratings.std(ddof=0),
        }
    )


def _price_band(ds: Dataset) -> pd.DataFrame:
    prices = ds.table[[Columns.USER, Columns.ITEM]].merge(
        ds.items[[Columns.ITEM, Columns.PRICE]], on=Columns.ITEM, how="left"
    )
    by_user = prices.groupby(Columns.USER)[Columns.PRICE]
    names = {"price_low": 0.25, "price_typical": 0.5, "price_high": 0.75}
    return pd.DataFrame({name: by_user.quantile(share) for name, share in names.items()})


def _genre_weights(ds: Dataset, by: str) -> tuple[np.ndarray, pd.Index]:
    """Sums of rating parts, (users, genres), and the genres, ascending."""
    members, genres = ds.labels(by)
    counts = np.diff(members.indptr)
    members.data = np.repeat(1.0 / np.maximum(counts, 1), counts)
    return (ds.matrix.maximum(0) @ members).toarray(), genres


def _shares(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
