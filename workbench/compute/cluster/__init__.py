"""Similarity from the workers of a Dask cluster."""
