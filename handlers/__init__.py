"""One file per trigger source: parse, call, settle; no decisions."""
