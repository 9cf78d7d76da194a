"""A tenant in a box: Graph, Service Bus and the Functions host on loopback. Never deployed."""
