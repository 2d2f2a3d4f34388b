# ruff: noqa: N802 - each is named as the call that it answers
"""The gRPC side of the cloud: what the SDK asks as a client, as a container, and to deploy an app."""

import asyncio
from pathlib import PurePosixPath

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_grpc, api_pb2

from tests.modal.cloud import metadata_of, until

LONGEST = 8.0  # seconds that a heartbeat or a question for results is held


def unary(name):
    async def serve(self, stream):
        request = await stream.recv_message()
        self.cloud.asked[name] += 1
        fault = (self.cloud.faults.get(name) or [""]).pop(0)
        if fault == "unavailable":
            raise GRPCError(Status.UNAVAILABLE, "told to be")
        if fault in Status.__members__:
            raise GRPCError(Status[fault], "told to be")
        answer = getattr(self, f"on_{name}", None)
        if answer is None:
            raise GRPCError(Status.UNIMPLEMENTED, name)
        self.key = dict(stream.metadata).get("x-idempotency-key", "")
        response = await answer(request)
        if fault == "lose":
            raise GRPCError(Status.UNAVAILABLE, "the answer was lost")
        if fault == "freeze":
            await asyncio.Event().wait()
        await stream.send_message(response)

    return serve


def ranked(function):
    return api_pb2.FunctionData(ranked_functions=[api_pb2.FunctionData.RankedFunction(rank=0, function=function)])


def complete(servicer):
    for name in api_grpc.ModalClientBase.__abstractmethods__:
        setattr(servicer, name, unary(name))
    servicer.__abstractmethods__ = frozenset()
    return servicer


@complete
class Servicer(api_grpc.ModalClientBase):
    def __init__(self, cloud, container=None):
        self.cloud, self.container, self.key = cloud, container, ""

    # As a client

    async def on_ClientHello(self, request):
        return api_pb2.ClientHelloResponse()

    async def on_FunctionGet(self, request):
        function_id = self.cloud.apps.get(request.app_name, {}).get(request.object_tag)
        if function_id is None:
            raise GRPCError(Status.NOT_FOUND, f"no function {request.object_tag}")
        function = self.cloud.functions[function_id]
        return api_pb2.FunctionGetResponse(
            function_id=function_id, handle_metadata=metadata_of(function), function=ranked(function)
        )

    async def on_FunctionMap(self, request):
        bodies = [item.input for item in request.pipelined_inputs]
        call = self.cloud.call(request.function_id, bodies, request.function_call_invocation_type, self.key)
        await self.cloud.staff()
        items = [api_pb2.FunctionPutInputsResponseItem(idx=each.idx, input_id=each.id) for each in call.inputs]
        return api_pb2.FunctionMapResponse(function_call_id=call.id, pipelined_inputs=items)

    async def on_FunctionGetOutputs(self, request):
        call = self.cloud.calls.get(request.function_call_id)
        if call is None:
            raise GRPCError(Status.NOT_FOUND, "no such call")
        if call.expired:
            return api_pb2.FunctionGetOutputsResponse()
        await until(lambda: not call.unfinished, min(request.timeout, LONGEST))
        return api_pb2.FunctionGetOutputsResponse(
            outputs=[each.result for each in call.inputs if each.result is not None],
            num_unfinished_inputs=len(call.unfinished),
        )

    async def on_FunctionCallCancel(self, request):
        call = self.cloud.calls.get(request.function_call_id)
        if call is None:
            raise GRPCError(Status.NOT_FOUND, "no such call")
        await self.cloud.cancel(call, hard=request.terminate_containers)
        return Empty()

    # As a container

    async def on_ContainerHello(self, request):
        return Empty()

    async def on_ContainerHeartbeat(self, request):
        try:
            cancelled = await asyncio.wait_for(self.container.to_cancel.get(), LONGEST)
        except TimeoutError:
            return api_pb2.ContainerHeartbeatResponse()
        return api_pb2.ContainerHeartbeatResponse(
            cancel_input_event=api_pb2.CancelInputEvent(input_ids=[cancelled], terminate_containers=False)
        )

    async def on_FunctionGetInputs(self, request):
        call, taken = await self.cloud.take(self.container)
        item = api_pb2.FunctionGetInputsItem(
            input_id=taken.id,
            input=taken.body,
            function_call_id=call.id,
            function_call_invocation_type=taken.kind,
        )
        return api_pb2.FunctionGetInputsResponse(inputs=[item])

    async def on_FunctionPutOutputs(self, request):
        for each in request.outputs:
            await self.cloud.finish(each.input_id, each.result, each.data_format)
        return Empty()

    async def on_TaskResult(self, request):
        held = self.container.holds
        if held is not None:
            await self.cloud.finish(held.id, request.result)
        return Empty()

    # To deploy

    async def on_AppGetByDeploymentName(self, request):
        return api_pb2.AppGetByDeploymentNameResponse()

    async def on_AppCreate(self, request):
        return api_pb2.AppCreateResponse(app_id="ap-1", app_page_url="http://127.0.0.1/", app_logs_url="")

    async def on_AppHeartbeat(self, request):
        return Empty()

    async def on_AppClientDisconnect(self, request):
        return Empty()

    async def on_EnvironmentGetOrCreate(self, request):
        metadata = api_pb2.EnvironmentMetadata(
            name="main", settings=api_pb2.EnvironmentSettings(image_builder_version="2025.06")
        )
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-1", metadata=metadata)

    async def on_MountBatchedCheckExistence(self, request):
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=request.sha256_hex_hashes)

    async def on_MountPutFile(self, request):
        place = self.cloud.folder / "uploaded"
        place.mkdir(exist_ok=True)
        if request.data:
            (place / request.sha256_hex).write_bytes(request.data)
        return api_pb2.MountPutFileResponse(exists=True)

    async def on_MountGetOrCreate(self, request):
        for each in request.files:
            path = self.cloud.source / PurePosixPath(each.filename).relative_to("/root")
            path.parent.mkdir(parents=True, exist_ok=True)
            uploaded = self.cloud.folder / "uploaded" / each.sha256_hex
            path.write_bytes(uploaded.read_bytes() if uploaded.exists() else b"")
        return api_pb2.MountGetOrCreateResponse(
            mount_id="mo-1", handle_metadata=api_pb2.MountHandleMetadata(content_checksum_sha256_hex="0" * 64)
        )

    async def on_ImageGetOrCreate(self, request):
        self.cloud.images.append(request.image)
        return api_pb2.ImageGetOrCreateResponse(
            image_id=f"im-{len(self.cloud.images)}",
            result=api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS),
            metadata=api_pb2.ImageMetadata(image_builder_version="2025.06"),
        )

    async def on_FunctionPrecreate(self, request):
        return api_pb2.FunctionPrecreateResponse(
            function_id=f"fu-{request.function_name}",
            handle_metadata=api_pb2.FunctionHandleMetadata(
                function_name=request.function_name, function_type=request.function_type
            ),
        )

    async def on_FunctionCreate(self, request):
        function_id = f"fu-{request.function.function_name}"
        self.cloud.functions[function_id] = request.function
        return api_pb2.FunctionCreateResponse(
            function_id=function_id,
            function=request.function,
            function_data=ranked(request.function),
            handle_metadata=metadata_of(request.function),
        )

    async def on_AppPublish(self, request):
        self.cloud.apps[request.name] = dict(request.function_ids)
        return api_pb2.AppPublishResponse(url="http://127.0.0.1/", deployed_at=1.0)
