"""The command line: parses, asks and prints; the services do the work."""
