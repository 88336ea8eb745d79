"""Models of similar users and items."""
