"""The check of facts: a text says only what row and evidence support."""
