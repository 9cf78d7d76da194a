"""Finds free ports for processes that need a port before they start."""

import random
import socket

BELOW_EPHEMERAL = range(20_000, 32_000)
"""Linux gives outgoing connections ports from 32,768 on, so none of them takes one of these."""

CHOICE = random.SystemRandom()
"""Has no seed, because test processes with the same seed would choose the same ports."""


def free_port(host: str = "127.0.0.1") -> int:
    while True:
        port = CHOICE.choice(BELOW_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
