"""Panels of behaviour data and of users."""
