"""Runs the operator's command line: `python -m hasten`."""

from hasten.cli.main import app

if __name__ == "__main__":
    app(prog_name="python -m hasten")
