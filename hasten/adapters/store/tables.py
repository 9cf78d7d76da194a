"""The Store port on Azure Table Storage: a collection is a table, a commit an entity group
transaction."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import TableErrorCode, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from hasten.adapters.store.rules import (
    after,
    check_collection,
    check_commit,
    check_name,
    encoded,
)
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.store import Conflict, Delete, Document, Json, Write

PREFIX = "hasten"
"""Of the names of our tables: hastenledger, hastencursors …"""

CHUNK = 32_000
"""Characters of a string property; Azure Tables allows 64 KiB of UTF-16."""

LOST = frozenset(
    {
        TableErrorCode.ENTITY_ALREADY_EXISTS,
        TableErrorCode.UPDATE_CONDITION_NOT_SATISFIED,
        TableErrorCode.CONDITION_NOT_MET,
        TableErrorCode.RESOURCE_NOT_FOUND,
        TableErrorCode.ENTITY_NOT_FOUND,
    }
)
DELAY = timedelta(seconds=5)
FORBIDDEN = 403

Operation = tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], dict[str, Any]]


class TablesStore:
    """Owns `service`. A table is made when the first document is written into it."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._tables: dict[str, TableClient] = {}

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_name(partition)
        check_name(key)
        async with _translated():
            try:
                return _document(await self._table(collection).get_entity(partition, key))
            except ResourceNotFoundError:
                return None

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        check_name(partition)
        condition, values = "PartitionKey eq @partition", {"partition": partition}
        if prefix:
            condition += " and RowKey ge @first and RowKey lt @behind"
            values |= {"first": prefix, "behind": after(prefix)}
        entities = self._table(collection).query_entities(
            condition, parameters=values, results_per_page=limit
        )
        found: list[Document] = []
        async with _translated():
            try:
                async for entity in entities:
                    found.append(_document(entity))
                    if len(found) == limit:
                        break
            except ResourceNotFoundError:
                return []
        return found

    async def commit(self, collection: str, partition: str, writes: Sequence[Write]) -> None:
        check_commit(collection, partition, writes)
        table = self._table(collection)
        operations = [_operation(partition, write) for write in writes]
        async with _translated():
            try:
                await table.submit_transaction(operations)
            except TableTransactionError as error:
                if error.error_code in LOST:
                    raise Conflict(writes[error.index].key) from None
                if error.error_code != TableErrorCode.TABLE_NOT_FOUND:
                    raise
                await _create(table)
                await self.commit(collection, partition, writes)

    async def close(self) -> None:
        for table in self._tables.values():
            await table.close()
        await self._service.close()

    def _table(self, collection: str) -> TableClient:
        check_collection(collection)
        if collection not in self._tables:
            self._tables[collection] = self._service.get_table_client(PREFIX + collection)
        return self._tables[collection]


async def _create(table: TableClient) -> None:
    try:
        await table.create_table()
    except ResourceExistsError:
        return  # another instance was faster


def _operation(partition: str, write: Write) -> Operation:
    entity: dict[str, Any] = {"PartitionKey": partition, "RowKey": write.key}
    if isinstance(write, Delete):
        return "delete", entity, _if_unchanged(write.etag)
    text = encoded(write.body)
    for number, start in enumerate(range(0, len(text), CHUNK)):
        entity[f"Body{number}"] = text[start : start + CHUNK]
    if write.etag is None:
        return "create", entity
    return "update", entity, {"mode": UpdateMode.REPLACE, **_if_unchanged(write.etag)}


def _if_unchanged(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _document(entity: Mapping[str, Any]) -> Document:
    chunks = sum(1 for name in entity if name.startswith("Body"))
    body: Json = json.loads("".join(entity[f"Body{number}"] for number in range(chunks)))
    metadata: Any = getattr(entity, "metadata", {})
    return Document(entity["RowKey"], body, metadata["etag"])


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """The SDK's errors, after its own retries, become the two that decide retry."""
    try:
        yield
    except ClientAuthenticationError as error:
        raise _not_permitted() from error
    except HttpResponseError as error:
        if error.status_code == FORBIDDEN:
            raise _not_permitted() from error
        raise TemporaryError(f"Table Storage answered {error.status_code}", DELAY) from error
    except (ServiceRequestError, ServiceResponseError) as error:
        raise TemporaryError(f"Table Storage: {type(error).__name__}", DELAY) from error


def _not_permitted() -> PermanentError:
    return PermanentError(
        "Table Storage refused us",
        'give the app\'s identity the role "Storage Table Data Contributor"',
    )
