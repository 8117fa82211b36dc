"""Read access to providers and engagements."""
