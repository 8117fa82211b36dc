"""Pages of outreach, by subject."""
