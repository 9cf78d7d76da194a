"""Names the type of a JSON object from Graph, Service Bus or the store."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
