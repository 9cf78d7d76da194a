"""Rejects what any store rejects, so that code tested on one store works on the others."""

import json
import re
from collections.abc import Mapping, Sequence

from hasten.json import Json
from hasten.ports.store import MAX_WRITES, Put, Write

MAX_DOCUMENT_BYTES = 256 * 1024
"""Bytes of JSON. An entity of Azure Tables takes 1 MiB, and its text counts two bytes per
character."""

COLLECTION_NAME = re.compile(r"[a-z][a-z]{2,40}")
PARTITION_OR_KEY = re.compile(r"[^/\\#?\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,256}")


def check_names(collection: str, *names: str) -> None:
    """Raises ValueError for a bad name. `names` are a partition and optionally a key."""
    if not COLLECTION_NAME.fullmatch(collection):
        raise ValueError(f"{collection!r} is no name for a collection")
    for name in names:
        if not PARTITION_OR_KEY.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a partition or a key")


def check_commit(collection: str, partition: str, writes: Sequence[Write]) -> Mapping[str, str]:
    """Returns the text of each body that is put, by key."""
    check_names(collection, partition, *(write.key for write in writes))
    if len(writes) > MAX_WRITES:
        raise ValueError(f"{len(writes)} writes in one commit; {MAX_WRITES} is the most")
    if len({write.key for write in writes}) < len(writes):
        raise ValueError("a key is written twice in one commit")
    return {write.key: encoded(write.body) for write in writes if isinstance(write, Put)}


def encoded(body: Json) -> str:
    """Returns the body as ASCII, so that one character is one byte and the text can be cut
    anywhere. Raises ValueError if it is too large."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=True)
    if len(text) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a body of {len(text)} bytes; {MAX_DOCUMENT_BYTES} is the most")
    return text
