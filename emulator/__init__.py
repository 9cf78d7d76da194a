"""Emulates Graph, Service Bus and the Functions host on loopback. It is never deployed."""
