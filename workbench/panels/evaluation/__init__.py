"""Panels of evaluation."""
