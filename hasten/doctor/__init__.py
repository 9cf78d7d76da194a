"""Checks the whole set-up without changing it, and reports each problem with its fix."""
