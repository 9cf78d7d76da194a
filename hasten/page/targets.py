"""Finds the target that an address or a form names."""

from http import HTTPStatus

from starlette.requests import Request

from hasten.api.app import context_of
from hasten.api.problems import ApiError
from hasten.targets import Target


def chosen_target(request: Request, name: str) -> Target:
    """Raises ApiError 404 if there is no such target."""
    targets = context_of(request).targets
    if name not in targets:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "there is no such target",
            f"the file targets.yaml has these: {', '.join(targets)}",
        )
    return targets[name]
