"""How fast the portal is at a hundred times the city, as ratios measured in one run."""
