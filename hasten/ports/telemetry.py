"""One typed record per decision. The same record feeds the log and, as labels, the metrics."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hasten.json import Json


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is the decision, `result` its outcome (the metric's label).

    `fields` hold ids, counts, times and reasons: object ids only, never names, addresses, tokens
    or keys.
    """

    name: str
    result: str
    fields: Json = field(default_factory=dict)
    problem: bool = False
    """Someone should act: logged as an error."""


Emit = Callable[[Event], None]
