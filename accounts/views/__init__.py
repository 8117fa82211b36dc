"""Pages about accounts, by who opens them."""
