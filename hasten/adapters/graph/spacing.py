"""Spaces requests where Graph allows only a few within a window."""

import asyncio
from collections import deque
from datetime import timedelta


class Spacing:
    """Lets at most `most` requests of this process begin within `window`."""

    def __init__(self, most: int, window: timedelta) -> None:
        self._window = window.total_seconds()
        self._begun: deque[float] = deque(maxlen=most)
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Returns when one more request may begin."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            if len(self._begun) == self._begun.maxlen:
                await asyncio.sleep(max(0.0, self._begun[0] + self._window - clock()))
            self._begun.append(clock())
