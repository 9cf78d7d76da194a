"""Defines what the flows need from outside, one port per file."""
