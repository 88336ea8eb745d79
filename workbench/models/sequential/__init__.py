"""Models of the order of time."""
