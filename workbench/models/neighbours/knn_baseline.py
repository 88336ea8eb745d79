"""Item neighbours of ratings, each compared with its baseline."""

from dataclasses import field

from workbench.models.basic.baseline import Baseline
from workbench.models.neighbours.item_knn import ItemKNN
from workbench.models.parameters import model, parameter
from workbench.validation import at_least, number


@model
class KNNBaseline(ItemKNN):
    """Predict a rating from those of similar items, each compared with its baseline.

    That is `ItemKNN` of explicit feedback with the centre "baseline" (Koren 2010): it takes off
    who rates high as well as what is rated high. `UserKNN` with that centre is its user-based form.

    Parameters
    ----------
    k : int
        Neighbours a pair.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    l2_users, l2_items, epochs
        See `workbench.Baseline`.
    device : {"auto", "cpu", "gpu"}
        For the similarities.

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    l2_users: float = parameter(15.0, number)
    l2_items: float = parameter(10.0, number)
    epochs: int = parameter(10, at_least, 1)
    feedback: str = field(default="explicit", init=False)
    centre: str = field(default="baseline", init=False)

    def _new_baseline(self) -> Baseline:
        return Baseline(l2_users=self.l2_users, l2_items=self.l2_items, epochs=self.epochs)
