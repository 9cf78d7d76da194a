"""Keeps the collections of the store: one file each. Only this room calls the store."""
