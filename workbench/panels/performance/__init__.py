"""Pictures of how fast neighbours are found."""
