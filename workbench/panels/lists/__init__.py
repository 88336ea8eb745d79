"""Panels of recommendation lists."""
