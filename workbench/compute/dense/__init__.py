"""Dense vectors: neighbours among them, and texts as vectors."""
