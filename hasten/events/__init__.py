"""Defines the contract with upstream systems: the CloudEvents that they may post."""
