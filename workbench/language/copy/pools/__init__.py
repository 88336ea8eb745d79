"""Sentences with slots, written and checked ahead."""
