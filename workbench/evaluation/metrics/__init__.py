"""What is measured, a file each group; in this order metrics are listed."""

from workbench.evaluation.metrics import (  # noqa: I001
    ranking as ranking,
    beyond_accuracy as beyond_accuracy,
    rating_prediction as rating_prediction,
)
