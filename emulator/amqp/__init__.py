"""Implements an AMQP 1.0 server on asyncio: the wire format, connections, sessions and links. It
knows nothing about Service Bus."""
