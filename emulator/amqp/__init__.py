"""An AMQP 1.0 server engine on asyncio: the wire, connections, sessions, links. No Service Bus."""
