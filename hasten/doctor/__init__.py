"""Checks of the whole set-up, read-only: what is wrong, and what to do about it."""
