"""The command line: it parses arguments, calls the rooms of the app and prints the answers."""
