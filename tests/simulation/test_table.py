"""The simulation runs all that the deployed app runs, but for the API and the pages."""

from hasten.timers import TIMERS
from tests.simulation.table import QUEUES, ROUTES, triggers

FOR_PEOPLE = {"v1/{*path}", "ui/{*path}"}


def test_every_queue_timer_and_route_of_the_handlers_is_simulated() -> None:
    queues = {trigger["queueName"] for trigger in triggers("serviceBusTrigger")}
    timers = {trigger["function"] for trigger in triggers("timerTrigger")}
    routes = {trigger["route"] for trigger in triggers("httpTrigger")}

    assert queues == {*QUEUES}
    assert timers == TIMERS.keys()
    assert routes == {*ROUTES, *FOR_PEOPLE}
