"""The contract with upstream systems: which CloudEvents they may post."""
