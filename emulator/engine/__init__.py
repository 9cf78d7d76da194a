"""Emulates Entra's provisioning: each target has an app with accounts, a cycle and on-demand
calls."""
