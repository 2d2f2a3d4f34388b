import json

import pytest
from django.test import Client

from exports.models import Token


class Script:
    """A program that speaks with the API, as whoever its token is of."""

    def __init__(self, token=""):
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, address, asked=None, **headers):
        return self.client.get(f"/api/v1{address}", asked, headers=self.headers | headers)

    def post(self, address, asked=None, **headers):
        return self._send(self.client.post, address, asked, headers)

    def put(self, address, asked=None, **headers):
        return self._send(self.client.put, address, asked, headers)

    def delete(self, address, **headers):
        return self.client.delete(f"/api/v1{address}", headers=self.headers | headers)

    def _send(self, verb, address, asked, headers):
        body = asked if isinstance(asked, bytes) else json.dumps({} if asked is None else asked).encode()
        kind = "application/octet-stream" if isinstance(asked, bytes) else "application/json"
        return verb(f"/api/v1{address}", body, content_type=kind, headers=self.headers | headers)


@pytest.fixture
def script():
    def made(account=None, scope="write"):
        return Script(Token.make(account, name="script", scope=scope)[1] if account else "")

    return made


@pytest.fixture
def olgas(script, owner):
    return script(owner)
