"""The GPU engine, CUDA C included."""
