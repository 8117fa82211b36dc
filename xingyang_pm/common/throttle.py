"""How often somebody without an account may ask: counted in the cache, for a while."""

from django.core.cache import cache

from . import clock


def allow(key: str, limit: int, seconds: int) -> bool:
    """Count one more try under ``key``; return whether it is within ``limit`` in ``seconds``.

    Spans follow each other by the clock: tries that are refused prolong nothing.
    """
    name = f"throttle:{key}:{int(clock.now().timestamp()) // seconds}"
    if cache.add(name, 1, seconds):
        return True
    try:
        return cache.incr(name) <= limit
    except ValueError:  # it ran out between the two questions
        cache.set(name, 1, seconds)
        return True
