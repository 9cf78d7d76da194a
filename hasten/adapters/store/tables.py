"""Implements the Store port on Azure Table Storage: one table per collection, one entity per
document."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableErrorCode, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from hasten.adapters.store.bodies import decoded
from hasten.adapters.store.rules import check_commit, check_names
from hasten.adapters.token import lacks_token
from hasten.errors import Conflict, NoTokenError, PermanentError, TemporaryError
from hasten.limits import READ_TIMEOUT
from hasten.ports.store import Document, Put, Write

Operation = tuple[str, dict[str, str], dict[str, Any]]
"""One write of an entity group transaction, as the SDK takes it."""

CLIENT_OPTIONS: Mapping[str, Any] = {
    # The SDK would repeat a commit after a 500 or 504. If the first attempt had succeeded, the
    # second would report a conflict although everything was written. So the caller decides after
    # reading.
    "retry_total": 0,
    "connection_timeout": 10,
    "read_timeout": READ_TIMEOUT.total_seconds(),
}

BODY_PIECE_CHARS = 32_000
"""Characters of the body in one property, which takes 64 KiB of UTF-16. Bodies are ASCII."""

TABLE_PREFIX = "hasten"
"""Prefix of Hasten's table names: hastenledger, hastencursors …"""

MAX_PAGE_ENTITIES = 1000
"""Entities that Azure Tables returns for one request (Table service docs)."""

DEFAULT_RETRY_DELAY = timedelta(seconds=5)
TRANSIENT_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}
REFUSED_STATUSES = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
LOST_RACE_STATUSES = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND}

PARTITION_FILTER = "PartitionKey eq @partition"
LOWER_BOUND_FILTER = PARTITION_FILTER + " and RowKey ge @first"
RANGE_FILTER = LOWER_BOUND_FILTER + " and RowKey lt @above"


def of_account(endpoint: str, credential: AsyncTokenCredential) -> "TableStore":
    return TableStore(TableServiceClient(endpoint, credential=credential, **CLIENT_OPTIONS))


def of_connection_string(connection_string: str) -> "TableStore":
    """Opens the store of a connection string. Raises ValueError if it is not one."""
    return TableStore(
        TableServiceClient.from_connection_string(connection_string, **CLIENT_OPTIONS)
    )


class TableStore:
    """Creates a table at the first write to it."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        table = self._table(collection)
        with _translated():
            try:
                return _document(await table.get_entity(partition, key))
            except ResourceNotFoundError:  # the entity or its table is missing
                return None

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        """`limit` and `after` cut in the service's order, which is that of UTF-16. It differs from
        code points only where U+E000 to U+FFFF meet characters beyond them."""
        check_names(collection, partition)
        if limit == 0:
            return []
        table = self._table(collection)
        query, parameters = _range(partition, prefix, after)
        found: list[Document] = []
        with _translated():
            try:
                async for entity in table.query_entities(
                    query, parameters=parameters, results_per_page=_page_size(limit)
                ):
                    document = _document(entity)
                    if document.key.startswith(prefix) and document.key > after:
                        found.append(document)
                    if len(found) == limit:
                        break
            except ResourceNotFoundError:  # the table does not exist yet
                return []
        return sorted(found, key=lambda document: document.key)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        texts = check_commit(collection, partition, writes)
        if not writes:
            return ()
        table = self._table(collection)
        operations = [_operation(partition, write, texts) for write in writes]
        with _translated():
            try:
                return await _submit(table, writes, operations)
            except HttpResponseError as error:
                if _code(error) != TableErrorCode.TABLE_NOT_FOUND:
                    raise
                await self._service.create_table_if_not_exists(table.table_name)
                return await _submit(table, writes, operations)

    async def close(self) -> None:
        await self._service.close()

    def _table(self, collection: str) -> TableClient:
        return self._service.get_table_client(TABLE_PREFIX + collection)


def pieces(body: str) -> dict[str, str]:
    """Returns the properties that hold a body. Sorted by name they give its order."""
    starts = range(0, len(body), BODY_PIECE_CHARS)
    return {f"body{n:02}": body[start : start + BODY_PIECE_CHARS] for n, start in enumerate(starts)}


async def _submit(
    table: TableClient, writes: Sequence[Write], operations: Sequence[Operation]
) -> Sequence[str | None]:
    """Sends an entity group transaction. Raises Conflict."""
    try:
        answers = await table.submit_transaction(operations)
    except TableTransactionError as error:
        lost = error.status_code in LOST_RACE_STATUSES and _code(error) not in {
            TableErrorCode.TABLE_NOT_FOUND,
            TableErrorCode.TABLE_BEING_DELETED,
        }
        if lost:
            raise Conflict(writes[error.index].key) from error
        raise
    return [
        str(answer["etag"]) if isinstance(write, Put) else None
        for write, answer in zip(writes, answers, strict=True)
    ]


def _operation(partition: str, write: Write, texts: Mapping[str, str]) -> Operation:
    entity = {"PartitionKey": partition, "RowKey": write.key}
    if isinstance(write, Put):
        entity |= pieces(texts[write.key])
        if write.etag is None:
            return "create", entity, {}
    unchanged = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    if isinstance(write, Put):
        return "update", entity, {**unchanged, "mode": UpdateMode.REPLACE}
    return "delete", entity, unchanged


def _document(entity: Any) -> Document:
    """Somebody else may have written the entity, with properties of any type."""
    body = "".join(str(entity[name]) for name in sorted(entity) if name.startswith("body"))
    return Document(entity["RowKey"], decoded(body), entity.metadata["etag"])


def _page_size(limit: int | None) -> int:
    """Returns how many entities one request reads: no more than are wanted."""
    return MAX_PAGE_ENTITIES if limit is None else min(limit, MAX_PAGE_ENTITIES)


def _range(partition: str, prefix: str, after: str) -> tuple[str, dict[str, str]]:
    """Returns a query for at least the keys that begin with `prefix` and come after `after`."""
    if not prefix and not after:
        return PARTITION_FILTER, {"partition": partition}
    parameters = {"partition": partition, "first": max(prefix, after)}
    if not prefix:
        return LOWER_BOUND_FILTER, parameters
    last = ord(prefix[-1])
    if last in {0xD7FF, 0xFFFF, 0x10FFFF}:  # no character follows these in UTF-16 order
        return LOWER_BOUND_FILTER, parameters
    return RANGE_FILTER, {**parameters, "above": prefix[:-1] + chr(last + 1)}


@contextmanager
def _translated() -> Iterator[None]:
    """Translates the SDK's errors. Any other 4xx is a bug in Hasten and stays as the SDK raised
    it."""
    try:
        yield
    except HttpResponseError as error:
        if lacks_token(error):
            raise NoTokenError("Azure Tables", error, DEFAULT_RETRY_DELAY) from error
        status = error.status_code or HTTPStatus.SERVICE_UNAVAILABLE
        reason = f"Azure Tables answered {status} {_code(error)}"
        if status in REFUSED_STATUSES:
            raise PermanentError(
                reason,
                'give the app\'s identity the role "Storage Table Data Contributor" on the '
                "storage account, or correct the key in HASTEN_STORE",
            ) from error
        being_deleted = _code(error) == TableErrorCode.TABLE_BEING_DELETED
        if (
            status >= HTTPStatus.INTERNAL_SERVER_ERROR
            or status in TRANSIENT_STATUSES
            or being_deleted
        ):
            raise TemporaryError(reason, _delay(error)) from error
        raise
    except AzureError as error:
        reason = f"Azure Tables did not answer: {type(error).__name__}"
        raise TemporaryError(reason, DEFAULT_RETRY_DELAY) from error


def _code(error: HttpResponseError) -> str:
    """Returns the service's error code."""
    code = getattr(error, "error_code", None)
    return code.value if isinstance(code, TableErrorCode) else str(code or "")


def _delay(error: HttpResponseError) -> timedelta:
    response: Any = error.response  # its declared type has no headers
    value = response.headers.get("Retry-After", "") if response else ""
    return timedelta(seconds=int(value)) if value.isdecimal() else DEFAULT_RETRY_DELAY
