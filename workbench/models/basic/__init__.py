"""Models of counts and attributes, and the interview of a newcomer."""
