"""A cloud on this machine, in a thread, for the SDK of this process and of others."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import modal
from grpclib.server import Server
from modal_proto import api_pb2

from tests.modal.cloud import Cloud, kill
from tests.modal.servicer import Servicer
from tests.planted import MARK

ROOT = Path(__file__).parents[2]
Results = api_pb2.GenericResult
TOKEN = {"MODAL_TOKEN_ID": "ak-loopback", "MODAL_TOKEN_SECRET": f"as-{MARK}"}


class Loopback:
    """What tests do to the cloud; each method may be called from any thread."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cloud-")  # short: a socket's path is at most 108 bytes
        self.folder = Path(self._folder.name)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cloud", daemon=True)
        self._thread.start()
        self.cloud = self._do(self._open())

    async def _open(self):
        cloud = Cloud(self.folder, Servicer)
        self._server = Server([Servicer(cloud)])
        await self._server.start("127.0.0.1", 0)
        self.port = next(iter(self._server._server.sockets)).getsockname()[1]
        return cloud

    @property
    def environment(self):
        return {"MODAL_SERVER_URL": f"http://127.0.0.1:{self.port}", **TOKEN}

    def deploy(self, module="modal_functions.app"):
        command = [sys.executable, "-m", "modal", "deploy", "-m", module]
        environment = {**os.environ, **self.environment, "HOME": str(self.folder)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def running(self):
        """A call that no container will ever take, so that a test says what becomes of it."""
        return self._do(self._running())

    async def _running(self):
        body = api_pb2.FunctionInput(args=b"", data_format=api_pb2.DATA_FORMAT_PICKLE)
        call = self.cloud.call("fu-nobody", [body], api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC)
        return call.id

    def play(self, app, name):
        """A function that answers to the SDK like any other, and whose calls do what the test does for them."""
        own = f"fu-{app}-{name}"
        self.cloud.functions[own] = api_pb2.Function(
            function_name=name,
            function_type=api_pb2.Function.FUNCTION_TYPE_FUNCTION,
            supported_input_formats=[api_pb2.DATA_FORMAT_PICKLE],
            supported_output_formats=[api_pb2.DATA_FORMAT_PICKLE],
        )
        self.cloud.played.add(own)
        self.cloud.apps[app] = {name: own}
        return own

    def ends(self, call_id, status, data=b"", exception=""):
        result = api_pb2.GenericResult(status=getattr(Results, f"GENERIC_STATUS_{status}"), exception=exception)
        if data:
            result.data = data
        for each in self.cloud.calls[call_id].inputs:
            self._do(self.cloud.finish(each.id, result, api_pb2.DATA_FORMAT_PICKLE))

    def containers(self, call_id=None):
        """Those that work, or those that work on this call."""
        held = [each for each in self.cloud.containers if each.holds is not None and each.holds.result is None]
        if call_id is None:
            return held
        return [each for each in held if each.holds in self.cloud.calls[call_id].inputs]

    def preempt(self, container):
        kill(container)

    def run_twice(self, call_id):
        """The input is given to a second container while the first still works on it."""
        self._do(self._again(self.cloud.calls[call_id]))

    async def _again(self, call):
        self.cloud.queues[call.function].append((call, call.inputs[0]))
        await self.cloud.staff()

    def calm(self):
        """As if nothing had happened: containers that still work are ended, and nothing is wrong any more."""
        self.cloud.faults.clear()
        self._do(self._calm())

    async def _calm(self):
        for call in self.cloud.calls.values():
            await self.cloud.cancel(call, hard=True)

    def close(self):
        closing = threading.Thread(target=_close_client)  # a browser test may have a loop running in this one
        closing.start()
        closing.join()
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    async def _close(self):
        await self.cloud.close()
        self._server.close()
        for _ in range(100):  # more than once: asyncio.wait_for can lose a cancellation
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if not others:
                break
            for each in others:
                each.cancel()
            await asyncio.sleep(0.05)
        await self._server.wait_closed()
        for transport in list(self._loop._transports.values()):  # of clients that were killed, or never said goodbye
            transport.close()
        await asyncio.sleep(0.05)

    def _do(self, act):
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(60)


def _close_client():
    with contextlib.suppress(modal.exception.AuthError):  # nobody in this process has used it
        modal.Client.from_env().close()
