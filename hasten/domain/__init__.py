"""Holds the pure rules: no I/O, no clock, no SDK."""
