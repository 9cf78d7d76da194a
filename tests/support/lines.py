"""Reads the lines of a file that another process writes."""

from pathlib import Path


def whole_lines(file: Path) -> list[str]:
    """Returns the lines, without the last one while it is being written."""
    written, _, _ = file.read_text().rpartition("\n")
    return written.splitlines()
