"""Emulates Service Bus on loopback for the unmodified azure-servicebus SDK."""

from emulator.servicebus.entities import Entities, load_entities
from emulator.servicebus.server import ServiceBusServer

__all__ = ["Entities", "ServiceBusServer", "load_entities"]
