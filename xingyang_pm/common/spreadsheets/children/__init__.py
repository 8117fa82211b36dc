"""Scripts that run in a process of their own, started by path by :mod:`..child`.

They import nothing of the portal: a start costs 60 ms and the process holds no secret.
"""
