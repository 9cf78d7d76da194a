"""Reads the body of each answer of Graph, and refuses one that is too large for this process."""

import httpx

from hasten.adapters.graph.answers import UnreadableError

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Bytes after unpacking. The largest answers are pages of 999 entries of the provisioning log: 33
KB for each entry fit, and captured ones have less than 10 KB."""

OF_THE_PACKED_BODY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class BoundedTransport(httpx.AsyncBaseTransport):
    """Passes requests on to `transport`, and returns answers whose body is read and unpacked. A
    small packed body may unpack to gigabytes."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises UnreadableError for a body of more than MAX_BODY_BYTES."""
        response = await self._transport.handle_async_request(request)
        response.request = request
        read = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                read += chunk
                if len(read) > MAX_BODY_BYTES:
                    raise UnreadableError(f"it has more than {MAX_BODY_BYTES} bytes")
        finally:
            await response.aclose()
        return httpx.Response(
            response.status_code,
            headers=[
                (name, value)
                for name, value in response.headers.raw
                if name.lower() not in OF_THE_PACKED_BODY
            ],
            content=bytes(read),
            request=request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._transport.aclose()
