"""The type of a JSON object as it comes from Graph, Service Bus and the store."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
