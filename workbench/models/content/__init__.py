"""Models of what items say."""
