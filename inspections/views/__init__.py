"""Pages of inspection and rectification, by subject."""
