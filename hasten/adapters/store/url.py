"""Opens the store that HASTEN_STORE names. Only the adapter that is named is loaded."""

from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential

from hasten.errors import PermanentError
from hasten.ports.store import Store

SQLITE = "sqlite:///"


def open_store(url: str, *, credential: AsyncTokenCredential) -> Store:
    """`sqlite:///relative/path`, `sqlite:////absolute/path`, `https://<account>.table.core.windows.net`
    (with `credential`), or a storage connection string. Raises PermanentError for anything else.
    """
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        from hasten.adapters.store.sqlite import SqliteStore  # noqa: PLC0415 - see above

        return SqliteStore(Path(url.removeprefix(SQLITE)))
    from azure.data.tables.aio import TableServiceClient  # noqa: PLC0415 - see above

    from hasten.adapters.store.tables import TablesStore  # noqa: PLC0415 - see above

    if url.startswith("https://"):
        return TablesStore(TableServiceClient(url, credential=credential))
    try:
        return TablesStore(TableServiceClient.from_connection_string(url))
    except ValueError as error:
        raise PermanentError(
            f"setting HASTEN_STORE is wrong: {error}",
            "set it to sqlite:///path, https://<account>.table.core.windows.net or a storage "
            "connection string",
        ) from None
