"""The demo city: invented, but for the figures and names that the article of 2017 gives."""
