"""Opens the store that HASTEN_STORE names. Loads only the adapter that is needed."""

from collections.abc import Callable
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential

from hasten.errors import PermanentError
from hasten.host_names import is_host
from hasten.ports.store import Store

SQLITE, HTTPS = "sqlite:///", "https://"


def open_store(url: str, *, credential: Callable[[], AsyncTokenCredential]) -> Store:
    """Opens `sqlite:///relative/path`, `sqlite:////absolute/path`, a storage connection string, or
    `https://<account>.table.core.windows.net` with the credential that `credential` creates.

    Raises PermanentError for anything else, without repeating the value, which may contain a key.
    """
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        from hasten.adapters.store.sqlite import SqliteStore  # noqa: PLC0415 - see above

        return SqliteStore(Path(url.removeprefix(SQLITE)))
    from hasten.adapters.store import tables  # noqa: PLC0415 - see above

    if _is_account(url):
        return tables.of_account(url, credential())
    if "=" not in url:
        raise _refused()
    try:
        return tables.of_connection_string(url)
    except ValueError:
        raise _refused() from None


def _is_account(url: str) -> bool:
    host = url.removeprefix(HTTPS).removesuffix("/")
    return url.startswith(HTTPS) and ".table." in host and is_host(host)


def _refused() -> PermanentError:
    return PermanentError(
        "setting HASTEN_STORE is wrong",
        "set it to sqlite:///path, https://<account>.table.core.windows.net or a storage "
        "connection string",
    )
