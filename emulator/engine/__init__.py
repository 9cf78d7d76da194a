"""Entra's provisioning: per target an app with accounts, a cycle and calls on demand."""
