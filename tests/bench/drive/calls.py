"""Stands in for Modal on loopback, for its own SDK: every call runs, and each answer takes as long as from far.

python -m tests.bench.drive.calls PORT SECONDS
"""

import asyncio
import sys
from typing import Any

import modal  # noqa: F401 - first, or its protocol is imported in a circle
from grpclib.server import Server
from modal_proto import api_pb2

from tests.modal.cloud import Cloud
from tests.modal.servicer import Servicer

TOKEN = {"MODAL_TOKEN_ID": "ak-bench", "MODAL_TOKEN_SECRET": "as-bench"}


class Far(Servicer):
    def __init__(self, seconds: float) -> None:
        super().__init__(Cloud.__new__(Cloud))
        self.cloud.asked, self.cloud.faults = dict.fromkeys(dir(Servicer), 0), {}
        self.seconds = seconds

    async def on_FunctionGetOutputs(self, request: Any) -> Any:  # noqa: N802 - as the SDK has it
        await asyncio.sleep(self.seconds)
        return api_pb2.FunctionGetOutputsResponse(num_unfinished_inputs=1)


async def serve(port: int, seconds: float) -> None:
    server = Server([Far(seconds)])
    await server.start("127.0.0.1", port)
    print("ready", flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
