"""Runs the emulator. Python's HTTP servers answer in small writes, which Nagle's algorithm delays by 40 ms each."""

import socketserver

socketserver.StreamRequestHandler.disable_nagle_algorithm = True
socketserver.StreamRequestHandler.wbufsize = -1

from ministack.app import main  # noqa: E402 (its servers must see what is set above)

main()
