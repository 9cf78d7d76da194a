"""Contains the only code that talks to Graph, Service Bus and storage."""
