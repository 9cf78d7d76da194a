"""Names who runs the command line, for the history."""

import getpass
from collections.abc import Awaitable, Callable

OF_SIGNED_IN = "cli:"
"""Prefix of the object id in the operator's token. The operator's machine names it, so it is no
proof as the token is that the API checks."""

OF_SYSTEM = "os:"


async def who(signed_in: Callable[[], Awaitable[str]]) -> str:
    """Returns who is signed in to Azure, or else the user of the operating system."""
    named = await signed_in()
    return f"{OF_SIGNED_IN}{named}" if named else f"{OF_SYSTEM}{_system_user()}"


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user: a container without /etc/passwd
        return "unknown"
