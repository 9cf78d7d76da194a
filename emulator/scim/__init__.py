"""The app's own SCIM 2.0 server. It holds the accounts, and a well-kept package answers for it."""

from emulator.scim.server import ScimServer

__all__ = ["ScimServer"]
