"""Read access to rates, claims, lines and payments."""
