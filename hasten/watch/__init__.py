"""Reads changes from Microsoft Graph and writes ledger rows: notifications, looks, sweeps and
subscriptions."""
