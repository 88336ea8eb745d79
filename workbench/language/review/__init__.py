"""What a person decides about lines of copy, and how they leave."""
