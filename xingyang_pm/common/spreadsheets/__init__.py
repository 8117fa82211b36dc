"""Workbooks in and out.

``gate`` judges an upload before any parser sees it; ``reader`` reads it in a child process
with limits; ``writer`` streams lists; ``official`` lays out the office's own forms.
"""
