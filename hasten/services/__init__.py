"""Orchestration of the domain over the ports."""
