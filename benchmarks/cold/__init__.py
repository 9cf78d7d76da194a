"""Measures what a new worker process does until the first notification is answered, for Hasten and
for a minimal app."""
