"""Panels of copy."""
