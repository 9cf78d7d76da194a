"""What can be wrong with an app before it runs."""


class LoadError(Exception):
    """The app cannot be indexed; the message says why in one line."""
