"""The catalogue of events: every event that Hasten emits, one module for each room.

A new event is a new class here; `python -m tests.support.events_table` then writes its row into
docs/operations.md. The tests compare alert rules, metrics, queries and docs with these classes.
"""
