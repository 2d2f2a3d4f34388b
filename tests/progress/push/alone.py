"""The server that pushes, with one job that stands in for all rows: no database, no account, the real life and end."""

import uuid

from exports_site.asgi import Pushing
from progress.models import Job
from progress.push import streams
from progress.push.hub import Hub

ONE = uuid.UUID(int=1)


class Alone(Pushing):
    def __init__(self):
        super().__init__()
        self.hub = Hub(self._look, lambda job: b"told")

    async def _look(self, ids, known):
        return [Job(pk=ONE, version=1, status="running")]

    async def _events(self, scope, receive, send):
        await streams.events(receive, send, self.hub, await self.hub.join([ONE], {}), [])

    async def _socket(self, scope, receive, send):
        await receive()
        await streams.socket(receive, send, self.hub, await self.hub.join([ONE], {}))


application = Alone()
