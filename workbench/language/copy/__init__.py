"""Recommendation copy: who writes what from which facts."""
