"""Checks the whole set-up, and reports each problem with its fix."""
