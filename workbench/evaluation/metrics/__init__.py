"""The metrics of lists and of predicted ratings."""
