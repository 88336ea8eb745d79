"""Models of factors."""
