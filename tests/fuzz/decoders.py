"""Names every decoder of what comes from outside, with the only exceptions that it may raise."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hasten.api.problems import ApiError
from hasten.errors import PermanentError, TemporaryError
from hasten.events.faults import InvalidEventError
from hasten.ports.directory_errors import DeltaExpired
from tests.fuzz import graph_decoders, other_decoders, seeds, usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """`decode` is the product's own function. `may_raise` are its documented errors. `seeds` are
    inputs that the rest of the tests knows. `usual` makes a harmless input with a number of
    parts."""

    decode: Callable[[bytes], object]
    may_raise: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]
    usual: Callable[[int], bytes]

    def takes(self, data: bytes) -> bool:
        """Returns whether it accepts the input. Any error but its own is a finding and surfaces."""
        try:
            self.decode(data)
        except self.may_raise:
            return False
        return True


PASSING_OR_PERMANENT = (TemporaryError, PermanentError)

DECODERS: Mapping[str, Decoder] = {
    "notification": Decoder(
        decode=other_decoders.notification,
        may_raise=(),
        seeds=seeds.notifications,
        usual=usual.notifications,
    ),
    "event": Decoder(
        decode=other_decoders.event,
        may_raise=(InvalidEventError,),
        seeds=seeds.events,
        usual=usual.event,
    ),
    "delta": Decoder(
        decode=graph_decoders.membership,
        may_raise=(DeltaExpired, *PASSING_OR_PERMANENT),
        seeds=seeds.membership,
        usual=usual.membership,
    ),
    "people": Decoder(
        decode=graph_decoders.people,
        may_raise=(DeltaExpired, *PASSING_OR_PERMANENT),
        seeds=seeds.people,
        usual=usual.people,
    ),
    "read": Decoder(
        decode=graph_decoders.read,
        may_raise=(DeltaExpired, *PASSING_OR_PERMANENT),
        seeds=seeds.reads,
        usual=usual.read,
    ),
    "verdict": Decoder(
        decode=graph_decoders.verdict,
        may_raise=(),
        seeds=seeds.verdicts,
        usual=usual.verdict,
    ),
    "log": Decoder(
        decode=graph_decoders.log,
        may_raise=PASSING_OR_PERMANENT,
        seeds=seeds.log,
        usual=usual.log,
    ),
    "accounts": Decoder(
        decode=graph_decoders.app,
        may_raise=PASSING_OR_PERMANENT,
        seeds=seeds.accounts,
        usual=usual.accounts,
    ),
    "account": Decoder(
        decode=graph_decoders.account,
        may_raise=PASSING_OR_PERMANENT,
        seeds=seeds.account,
        usual=usual.account,
    ),
    "capabilities": Decoder(
        decode=graph_decoders.capabilities,
        may_raise=PASSING_OR_PERMANENT,
        seeds=seeds.capabilities,
        usual=usual.capabilities,
    ),
    "settings": Decoder(
        decode=other_decoders.environment,
        may_raise=(PermanentError,),
        seeds=seeds.settings,
        usual=usual.settings,
    ),
    "targets": Decoder(
        decode=other_decoders.targets_file,
        may_raise=(PermanentError,),
        seeds=seeds.targets,
        usual=usual.targets,
    ),
    "batch": Decoder(
        decode=other_decoders.batch,
        may_raise=(ApiError,),
        seeds=seeds.batches,
        usual=usual.batch,
    ),
    "decision": Decoder(
        decode=other_decoders.decision,
        may_raise=(ApiError,),
        seeds=seeds.decisions,
        usual=usual.decision,
    ),
    "cursor": Decoder(
        decode=other_decoders.cursor,
        may_raise=(ApiError,),
        seeds=seeds.cursors,
        usual=usual.cursor,
    ),
}
