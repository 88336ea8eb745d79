"""Panels of similarity."""
