"""Finds ports for processes that must know theirs before they start."""

import random
import socket

BELOW_EPHEMERAL = range(20_000, 32_000)
"""Linux gives outgoing connections ports from 32,768 on: none takes a port of ours meanwhile."""


def free_port(host: str = "127.0.0.1") -> int:
    while True:
        port = random.choice(BELOW_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
