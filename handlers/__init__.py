"""One file per trigger source. Each parses, calls and settles, and decides nothing."""
