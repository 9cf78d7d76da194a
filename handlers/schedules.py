"""The timers, in the order of their periods."""

import azure.functions as func

from handlers.opening import opened
from hasten.adapters.telemetry import continued

blueprint = func.Blueprint()


@blueprint.function_name("sweep")
@blueprint.timer_trigger(arg_name="timer", schedule="0 * * * * *")
async def sweep(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("sweep"):
        await opened("sweep").tick("sweep")


@blueprint.function_name("wake")
@blueprint.timer_trigger(arg_name="timer", schedule="30 * * * * *")
async def wake(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("wake"):
        await opened("wake").tick("wake")


@blueprint.function_name("look")
@blueprint.timer_trigger(arg_name="timer", schedule="15 */5 * * * *")
async def look(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("look"):
        await opened("look").tick("look")


@blueprint.function_name("verify")
@blueprint.timer_trigger(arg_name="timer", schedule="50 */5 * * * *")
async def verify(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("verify"):
        await opened("verify").tick("verify")


@blueprint.function_name("apply")
@blueprint.timer_trigger(arg_name="timer", schedule="40 */10 * * * *")
async def apply(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("apply"):
        await opened("apply").tick("apply")


@blueprint.function_name("renew")
@blueprint.timer_trigger(arg_name="timer", schedule="45 0 * * * *")
async def renew(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("renew"):
        await opened("renew").tick("renew")


@blueprint.function_name("people")
@blueprint.timer_trigger(arg_name="timer", schedule="20 25 * * * *")
async def people(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("people"):
        await opened("people").tick("people")


@blueprint.function_name("seal")
@blueprint.timer_trigger(arg_name="timer", schedule="10 * * * * *")
async def seal(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("seal"):
        await opened("seal").tick("seal")


@blueprint.function_name("tidy")
@blueprint.timer_trigger(arg_name="timer", schedule="0 30 3 * * *")
async def tidy(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    with continued("tidy"):
        await opened("tidy").tick("tidy")
