"""Views that every app builds on; ``generic`` is what apps import."""
