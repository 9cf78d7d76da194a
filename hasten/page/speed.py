"""The view Speed: how long the steps of changes take, per day and target, beside Entra's cycle."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.domain.speed import Direction, Histogram, Step
from hasten.operate.speed import Speed, speed_of, total
from hasten.page.charts import BASE, CYCLE_SECONDS, HEIGHT, WIDTH, histogram, place, reach
from hasten.page.rendering import page
from hasten.page.targets import chosen_target
from hasten.page.visitor import Visitor

PERIODS_DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 7

STEP_TITLES = {
    Step.CALL: "From the notification to the call of Entra ID",
    Step.ANSWER: "From the call to Entra's answer that it is done in the app",
    Step.DONE: "From the notification to that answer",
    Step.PROOF: "From the notification to the proof",
}
DIRECTION_TITLES = {Direction.TAKEN: "Access taken", Direction.GIVEN: "Access given"}


async def speed_page(request: Request, visitor: Visitor) -> Response:
    context, query = context_of(request), request.query_params
    name = chosen_target(request, query["target"]).name if query.get("target") else ""
    given = query.get("days", "")
    days = int(given) if given in {str(one) for one in PERIODS_DAYS} else DEFAULT_DAYS
    since = context.now() - timedelta(days=days - 1)
    found = await speed_of(context, [name] if name else [*context.targets], since)
    return page(
        request,
        "speed.html",
        visitor,
        target=name,
        days=days,
        periods=PERIODS_DAYS,
        targets=sorted(context.targets),
        directions=[(title, *_drawn(found, of)) for of, title in DIRECTION_TITLES.items()],
        size=(WIDTH, HEIGHT, BASE),
        cycle=(place(CYCLE_SECONDS), CYCLE_SECONDS),
    )


def _drawn(found: list[Speed], of: Direction) -> tuple[object, ...]:
    """Returns the rows of the steps, the histogram of the whole, and the days."""
    steps = [(title, total(found, of, step)) for step, title in STEP_TITLES.items()]
    rows = [
        (title, one.count, one.percentile(50), one.percentile(95), one.percentile(99))
        for title, one in steps
        if one.count
    ]
    by_day: dict[str, Histogram] = {}
    for one in found:
        by_day[one.day] = by_day.get(one.day, Histogram()) + one.of(of, Step.DONE)
    days = [
        shown for day, one in sorted(by_day.items(), reverse=True) if (shown := reach(day, one))
    ]
    return rows, histogram(total(found, of, Step.DONE)), days
