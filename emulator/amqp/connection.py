"""Handles one connection: handshake, frames in and out, back-pressure, and closing.

Everything happens in the callbacks of the transport. A fault of the server or the peer ends only
this connection.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from emulator.amqp import performatives as p
from emulator.amqp.errors import DECODE_ERROR, INTERNAL_ERROR, AmqpError
from emulator.amqp.frames import (
    AMQP_HEADER,
    EMPTY_FRAME,
    MIN_MAX_FRAME_SIZE,
    SASL_HEADER,
    ByteStream,
    Frame,
    decode_frame,
    encode_frame,
)
from emulator.amqp.incoming_link import IncomingLink
from emulator.amqp.outgoing_link import OutgoingLink
from emulator.amqp.session import TRANSFER_OVERHEAD, Session
from emulator.amqp.types import Array, DecodeError, Symbol, UByte, UInt, UShort

log = logging.getLogger(__name__)

MAX_FRAME_SIZE = 65536
CHANNEL_MAX = 4999
"""Azure's own value. The .NET SDK opens a session for each link."""
HANDSHAKE_SECONDS = 20
MIN_HEARTBEAT_SECONDS = 0.02
WRITE_CHUNK = 65536
SASL_MECHANISMS = ("MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL")


class Service(Protocol):
    """The layer above, one for each connection. Both methods set the link's handler, and may raise
    AmqpError to refuse the link."""

    def attach_incoming(self, link: IncomingLink) -> None: ...

    def attach_outgoing(self, link: OutgoingLink) -> None: ...


class Connection(asyncio.Protocol):
    def __init__(
        self, *, name: str, service: Service, on_lost: Callable[["Connection"], None]
    ) -> None:
        self.service = service
        self.writable = True
        self.lost = asyncio.Event()
        self.links = 0
        self._name = name
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._input = ByteStream(MAX_FRAME_SIZE)
        self._step: Callable[[], bool] = self._read_header
        self._sessions: dict[int, Session] = {}
        self._output = bytearray()
        self._remote_max_frame_size = MIN_MAX_FRAME_SIZE
        self._opened = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None

    # Callbacks of the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        if self._closing:  # dropped before it began
            transport.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        self._input.feed(data)
        self._read()

    def pause_writing(self) -> None:
        # A peer that does not read its answers must not request more of them.
        self.writable = False
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.writable = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._read()
            self.contain(self._resume_sessions)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.writable = False
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._end_sessions(orderly=False)
        self._on_lost(self)
        self.lost.set()

    # Input.

    def _read(self) -> None:
        while self.writable and not self._closing:
            if not self.contain(self._step):
                return

    def contain(self, step: Callable[[], bool | None]) -> bool:
        """Runs one step and returns its result. A fault in the step ends only this connection."""
        try:
            return bool(step())
        except AmqpError as error:
            self._fail(error)
        except DecodeError as error:
            log.warning("peer of AMQP connection broke the protocol: %s", error)
            self._fail(AmqpError(DECODE_ERROR, str(error)))
        except Exception as error:  # one bug must not stop the server
            log.exception("AMQP connection failed")
            self._fail(AmqpError(INTERNAL_ERROR, repr(error)))
        return False

    def _read_header(self) -> bool:
        header = self._input.header()
        if header is None:
            return False
        if header == SASL_HEADER:
            self._send(header)
            mechanisms = p.SaslMechanisms(Array(map(Symbol, SASL_MECHANISMS)))
            self._send(encode_frame(0, mechanisms, sasl=True))
            self._step = self._read_sasl
        elif header == AMQP_HEADER:
            self._send(header)
            self._step = self._read_frame
        else:
            self._send(AMQP_HEADER)
            self._hang_up()
        return True

    def _read_sasl(self) -> bool:
        frame = self._next_frame()
        if frame is None:
            return False
        if not isinstance(frame.performative, p.SaslInit):
            raise DecodeError("expected sasl-init")
        # Accepts every identity, because the server listens on loopback only.
        self._send(encode_frame(0, p.SaslOutcome(UByte(0)), sasl=True))
        self._step = self._read_header
        return True

    def _read_frame(self) -> bool:
        frame = self._next_frame()
        if frame is None:
            return False
        if frame.performative is None:
            return True
        self._handle(frame.channel, frame.performative, frame.payload)
        return True

    def _next_frame(self) -> Frame | None:
        data = self._input.frame()
        return None if data is None else decode_frame(data)

    def _handle(self, channel: int, performative: Any, payload: bytes) -> None:
        match performative:
            case p.Open():
                self._open(performative)
            case p.Close():
                self._end_sessions(orderly=True)
                self.write(0, p.Close())
                self._hang_up()
            case _ if not self._opened:
                raise DecodeError("expected open")
            case p.Begin():
                if channel > CHANNEL_MAX or channel in self._sessions:
                    raise DecodeError(f"channel {channel} is in use or too high")
                self._sessions[channel] = Session(self, channel, performative)
            case p.End():
                if session := self._sessions.pop(channel, None):
                    session.lost(orderly=True)
                    self.write(channel, p.End())
            case _:
                # Peers may still send on a channel that they have ended.
                if session := self._sessions.get(channel):
                    session.handle(performative, payload)

    def _open(self, peer: p.Open) -> None:
        if self._opened:
            raise DecodeError("open, twice")
        self._opened = True
        if self._timer is not None:
            self._timer.cancel()
        self._remote_max_frame_size = max(int(peer.max_frame_size), MIN_MAX_FRAME_SIZE)
        self.write(
            0,
            p.Open(
                self._name,
                max_frame_size=UInt(MAX_FRAME_SIZE),
                channel_max=UShort(CHANNEL_MAX),
            ),
        )
        if peer.idle_time_out:
            self._heartbeat(max(peer.idle_time_out / 1000 / 2, MIN_HEARTBEAT_SECONDS))

    # Output.

    @property
    def max_payload(self) -> int:
        return min(self._remote_max_frame_size, MAX_FRAME_SIZE) - TRANSFER_OVERHEAD

    def write(self, channel: int, performative: Any, payload: bytes = b"") -> None:
        self._send(encode_frame(channel, performative, payload))

    def _send(self, data: bytes) -> None:
        """Collects the output of one turn of the event loop: a write to the socket costs more than
        a frame."""
        if self._closing:
            return
        if not self._output:
            asyncio.get_running_loop().call_soon(self._flush)
        self._output += data
        if len(self._output) > WRITE_CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._output and self._transport is not None:
            data, self._output = self._output, bytearray()
            self._transport.write(data)

    def _heartbeat(self, interval: float) -> None:
        if self.writable:  # otherwise they would pile up for a peer that does not read
            self._send(EMPTY_FRAME)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(interval, self._heartbeat, interval)

    def _resume_sessions(self) -> None:
        for session in list(self._sessions.values()):
            session.resume()

    # Closing.

    def abort(self) -> None:
        """Drops the connection without an AMQP close, as a failing network would."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def _too_slow(self) -> None:
        log.warning("AMQP peer did not open its connection within %s s", HANDSHAKE_SECONDS)
        self.abort()

    def _fail(self, error: AmqpError) -> None:
        if self._opened:
            self.write(0, p.Close(error.wire))
        self._hang_up()

    def _hang_up(self) -> None:
        self._flush()
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def _end_sessions(self, *, orderly: bool) -> None:
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            session.lost(orderly=orderly)
