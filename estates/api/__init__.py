"""Read access to the registry."""
