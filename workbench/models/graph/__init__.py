"""Models of walks over the graph of users and items."""
