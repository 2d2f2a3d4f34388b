"""What the control plane of Modal remembers, and the containers it starts: real processes with the SDK's own entry.

Nothing of the SDK is replaced. What goes wrong is done to it from outside: a kill, a lost answer, an expired result.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from grpclib.server import Server
from modal_proto import api_pb2

Status = api_pb2.GenericResult
# The SDK's own entry, in a process that ends with whoever started it.
ENTRY = (
    "import ctypes, runpy; ctypes.CDLL(None).prctl(1, 9);"
    " runpy.run_module('modal._container_entrypoint', run_name='__main__')"
)
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass
class Input:
    id: str
    idx: int
    body: api_pb2.FunctionInput
    kind: int
    result: api_pb2.FunctionGetOutputsItem | None = None
    runs: int = 0


@dataclass
class Call:
    id: str
    function: str
    inputs: list[Input] = field(default_factory=list)
    expired: bool = False
    deaf: bool = False  # to being cancelled

    @property
    def unfinished(self):
        return [each for each in self.inputs if each.result is None]


@dataclass
class Container:
    id: str
    function: str
    process: asyncio.subprocess.Process
    server: Server
    holds: Input | None = None
    to_cancel: asyncio.Queue = field(default_factory=asyncio.Queue)


class Cloud:
    def __init__(self, folder: Path, serve, most=3):
        self.folder, self.serve, self.most = folder, serve, most
        self.functions: dict[str, api_pb2.Function] = {}  # by id
        self.apps: dict[str, dict[str, str]] = {}  # the ids of what is deployed, by name
        self.calls: dict[str, Call] = {}
        self.by_key: dict[str, str] = {}  # calls by the SDK's key of a request, which it may send again
        self.queues: dict[str, list[tuple[Call, Input]]] = {}
        self.containers: list[Container] = []
        self.images: list[api_pb2.Image] = []
        self.played: set[str] = set()  # functions that no container runs: a test plays their part
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.number = itertools.count(1)

    @property
    def source(self) -> Path:
        return self.folder / "mounted"

    def call(self, function: str, bodies, kind: int, key: str = "") -> Call:
        if key in self.by_key:
            return self.calls[self.by_key[key]]
        call = Call(id=f"fc-{next(self.number):08d}", function=function)
        self.calls[call.id] = call
        if key:
            self.by_key[key] = call.id
        for idx, body in enumerate(bodies):
            call.inputs.append(Input(id=f"in-{next(self.number):08d}", idx=idx, body=body, kind=kind))
            self.queues.setdefault(function, []).append((call, call.inputs[-1]))
        return call

    async def staff(self):
        """A container more where something waits and none is free. It is begun to the end also where whoever asked is
        cut off: one without a process would be waited for, at the close, for ever."""
        staffed = self.functions.keys() - self.played
        for function, waiting in [each for each in self.queues.items() if each[0] in staffed]:
            mine = [each for each in self.containers if each.function == function]
            idle = [each for each in mine if each.holds is None]
            for _ in range(min(len(waiting) - len(idle), self.most - len(mine))):
                await asyncio.shield(self._start(function))

    async def _start(self, function: str):
        task = f"ta-{next(self.number):08d}"
        definition = self.functions[function]
        home = self.folder / task
        home.mkdir()
        layout = api_pb2.AppLayout(function_ids={each.function_name: own for own, each in self.functions.items()})
        for own, each in self.functions.items():
            layout.objects.append(api_pb2.Object(object_id=own, function_handle_metadata=metadata_of(each)))
        known = {each.object_id for each in layout.objects}
        for needed in {each.object_id for each in definition.object_dependencies} - known:
            layout.objects.append(api_pb2.Object(object_id=needed))
        arguments = api_pb2.ContainerArguments(
            task_id=task, function_id=function, app_id="ap-1", function_def=definition, app_layout=layout
        )
        (home / "arguments").write_bytes(arguments.SerializeToString())
        socket = home / "s"
        placeholder = Container(id=task, function=function, process=None, server=None)
        placeholder.server = Server([self.serve(self, placeholder)])
        self.containers.append(placeholder)
        await placeholder.server.start(path=str(socket))
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
            "MODAL_IS_REMOTE": "1",
            "MODAL_SERVER_URL": f"unix://{socket}",
            "MODAL_TASK_ID": task,
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(home / "arguments"),
            "PYTHONPATH": str(self.source),
            "TMPDIR": str(home),
            "HOME": str(home),
        }
        with (self.folder / "log").open("ab") as log:
            placeholder.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", ENTRY),
                stdout=log,
                stderr=log,
                cwd=home,
                env=environment,
                start_new_session=True,
            )
        asyncio.get_running_loop().create_task(self._reap(placeholder))

    async def _reap(self, container: Container):
        await container.process.wait()
        self.containers.remove(container)
        container.server.close()
        held = container.holds
        if held is None and container.process.returncode and self.queues.get(container.function):
            _, held = self.queues[container.function].pop(0)  # the function cannot even be imported
            await self.finish(held.id, Status(status=Status.GENERIC_STATUS_FAILURE, exception="crashed at its start"))
        if held is not None and held.result is None:  # as with a preemption: the same call, the same input, once more
            call = next(call for call in self.calls.values() if held in call.inputs)
            self.queues.setdefault(call.function, []).append((call, held))
        await self.staff()

    async def take(self, container: Container) -> tuple[Call, Input]:
        container.holds = None
        await until(lambda: self.queues.get(container.function) and any(each is container for each in self.containers))
        call, taken = self.queues[container.function].pop(0)
        container.holds = taken
        taken.runs += 1
        return call, taken

    async def finish(self, input_id: str, result: Status, data_format: int = 0):
        for call in self.calls.values():
            for each in call.inputs:
                if each.id == input_id and each.result is None:
                    each.result = api_pb2.FunctionGetOutputsItem(
                        result=result, idx=each.idx, input_id=each.id, data_format=data_format
                    )

    async def cancel(self, call: Call, *, hard: bool):
        if call.deaf and not hard:
            return
        for each in call.unfinished:
            self.queues[call.function] = [(c, i) for c, i in self.queues.get(call.function, []) if i is not each]
            await self.finish(each.id, Status(status=Status.GENERIC_STATUS_TERMINATED, exception="cancelled"))
            for container in self.holding(each):
                if hard:
                    kill(container)
                else:
                    container.to_cancel.put_nowait(each.id)

    def holding(self, held: Input) -> list[Container]:
        return [each for each in self.containers if each.holds is held]

    async def close(self):
        self.functions.clear()
        while self.containers:
            for container in self.containers:
                kill(container)
            await asyncio.sleep(0.02)


async def until(met, seconds=float("inf")):
    """Looked at again and again: simple, and nobody who is cut off while he waits leaves a lock behind."""
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        await asyncio.sleep(0.02)


def kill(container: Container):
    """With all that it has started; whoever ended at this moment is as dead as he should be."""
    if container.process is not None and container.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(container.process.pid, signal.SIGKILL)


def metadata_of(function: api_pb2.Function) -> api_pb2.FunctionHandleMetadata:
    return api_pb2.FunctionHandleMetadata(
        function_name=function.function_name,
        function_type=function.function_type,
        supported_input_formats=function.supported_input_formats,
        supported_output_formats=function.supported_output_formats,
    )
