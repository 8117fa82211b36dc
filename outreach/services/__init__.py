"""What may be done in outreach, by subject."""
