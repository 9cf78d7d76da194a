"""`python -m hasten`: the command line of whoever operates it."""

from hasten.cli.main import app

if __name__ == "__main__":
    app(prog_name="python -m hasten")
