"""Stores Hasten's records, one file for each collection. Only this package calls the store."""
