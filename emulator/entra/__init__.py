"""Defines the named behaviours of Entra ID and Graph for the emulated tenant."""
