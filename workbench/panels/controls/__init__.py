"""What panels are built from."""
