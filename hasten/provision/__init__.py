"""Turns ledger rows into on-demand calls, and checks the results against Entra's provisioning
log."""
