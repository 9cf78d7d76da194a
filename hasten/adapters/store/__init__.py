"""Implements the Store port: Azure Table Storage in production, SQLite without Azure."""
