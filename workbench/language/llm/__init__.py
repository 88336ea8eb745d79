"""Language models: here or on a server."""
