"""Answers the commands of an operator: status, explain, release, discard, replay, stop and
start."""
