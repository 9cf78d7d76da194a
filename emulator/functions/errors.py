"""Defines the error for an app that cannot be loaded."""


class LoadError(Exception):
    """The app cannot be indexed; the message says why in one line."""
