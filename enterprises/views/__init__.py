"""Pages about providers, engagements and responsibility agreements."""
