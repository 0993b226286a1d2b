"""A TCP proxy that can be cut: what a lost network looks like to a browser."""

import asyncio
import threading
from urllib.parse import urlsplit


class Wire:
    """Passes connections on to the address of `target` until it is cut."""

    def __init__(self, target):
        self._target = urlsplit(target)
        self._loop = asyncio.new_event_loop()
        self._writers = set()
        self._passes = True
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.connections = 0
        # Frozen it takes everything and passes nothing on, like a network whose other end is gone.
        self.is_frozen = False

    def __enter__(self):
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    def __exit__(self, *_):
        self.cut(mended=False)
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, *, mended=True):
        """Resets every connection, as a lost network does; unless `mended`, new ones too, until `mend`."""

        async def cut():
            self._passes = mended
            for writer in self._writers:
                writer.transport.abort()

        self._call(cut())

    def mend(self):
        self._passes = True

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _close(self):
        self._server.close()

    async def _connect(self, reader, writer):
        if not self._passes:
            writer.transport.abort()
            return
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pass(self, reader, writer):
        try:
            while data := await reader.read(65536):
                if not self.is_frozen:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass  # cut
        finally:
            writer.close()
