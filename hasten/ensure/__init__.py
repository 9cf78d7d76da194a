"""Applies intents and policy to Entra ID: groups, members and assignments."""
