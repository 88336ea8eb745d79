"""Data made up with a seed."""
