"""Plays a story on an emulated tenant and checks the results: `make demo`."""
