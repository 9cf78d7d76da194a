"""The simulation runs all that the deployed app runs."""

from hasten.timers import TIMERS
from tests.simulation.table import QUEUES, ROUTES, triggers


def test_every_queue_timer_and_route_of_the_handlers_is_simulated() -> None:
    queues = {trigger["queueName"] for trigger in triggers("serviceBusTrigger")}
    timers = {trigger["function"] for trigger in triggers("timerTrigger")}
    routes = {trigger["route"] for trigger in triggers("httpTrigger")}

    assert queues == {*QUEUES}
    assert timers == TIMERS.keys()
    assert routes == ROUTES.keys()
