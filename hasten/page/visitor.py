"""Defines who looks at a page, and how a page asks who that is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from hasten.api.caller import Caller, Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """`csrf` is the token against cross-site requests that each form of the session contains."""

    caller: Caller
    csrf: str

    @property
    def may_operate(self) -> bool:
        return self.caller.may(Role.OPERATE)


Admit = Callable[[Request, Role], Awaitable[Visitor]]
"""Returns who sends the request, if they have the role. For a POST it has also checked the token of
the form. Raises ApiError."""
