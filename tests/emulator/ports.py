"""Ports for servers that are other processes and must be told theirs."""

import itertools
import socket

# Below the range that systems give out by themselves, so that none is taken between the look and the start.
_CANDIDATES = itertools.cycle(range(4710, 4800))


def free_port():
    for port in itertools.islice(_CANDIDATES, 90):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port from 4710 to 4799 is free")
