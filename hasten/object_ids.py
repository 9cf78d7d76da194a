"""Distinguishes object ids from names."""

from uuid import UUID


def is_object_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True
