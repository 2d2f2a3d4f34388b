"""The server that pushes, as it is in production, in a thread of the tests' process; it can go away and come back."""

import asyncio
import socket
import threading
from contextlib import closing, suppress

from granian.constants import Interfaces
from granian.server.embed import Server

from tests.serving import free_port
from tests.soon import soon


class Pushed:
    """`asked`: the headers of every stream that was begun, as they came."""

    def __init__(self, app, port=None):
        self.app, self.port, self.asked = app, port or free_port(), []
        self.streams = set()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert soon(self._listens, 60)

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self.server = Server(
            self._noting, address="127.0.0.1", port=self.port, interface=Interfaces.ASGI, log_enabled=False
        )
        await self.server.serve()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _noting(self, scope, receive, send):
        if scope["type"] == "http":
            self.asked.append(dict(scope["headers"]))
        self.streams.add(asyncio.current_task())
        await self.app(scope, receive, send)

    def _listens(self):
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)):
            return True

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self._break_off)
            self.thread.join(20)
            assert not self.thread.is_alive()

    def _break_off(self):
        """At once: a server that is asked to end waits for its streams."""
        for each in self.streams:
            each.cancel()
        self.server.stop()
