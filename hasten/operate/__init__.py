"""What the command line asks for: status, explain, release, replay."""
