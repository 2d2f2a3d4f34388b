"""`modal deploy -m modal_functions.app`, the real command: what it has put on the other side is whole."""

import re
from importlib.metadata import requires

import pytest
from modal_proto import api_pb2
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modal_functions import app, kinds, needs
from modal_functions.batches import Batch
from modal_functions.wire import VERSION
from tests.modal.loopback import ROOT

MARKER = f"wire_{VERSION}"  # tells the version by being there, and is never called


@pytest.fixture
def deployed(modal_cloud):
    cloud = modal_cloud.cloud
    return {name: cloud.functions[own] for name, own in cloud.apps["longhaul"].items()}


def test_every_kind_has_a_function_of_its_name_and_those_of_one_image_share_the_one_for_batches(deployed):
    images = {app.batch_of(needs.of(kind).image) for kind in kinds.NAMES}
    assert set(deployed) == {*kinds.NAMES, "batch", *images, app.batch_of(needs.ENLARGING), MARKER}


def test_what_a_network_enlarges_goes_to_a_machine_with_a_gpu_and_torch_and_nothing_else_does(modal_cloud, deployed):
    enlarging = app.batch_of(needs.ENLARGING)
    gpus = {name: function.resources.gpu_config.gpu_type for name, function in deployed.items()}
    assert {name for name, gpu in gpus.items() if gpu} == {enlarging}
    assert gpus[enlarging] == "T4"
    with_torch = [image for image in modal_cloud.cloud.images if "torch==" in " ".join(image.dockerfile_commands)]
    assert len(with_torch) == 1
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", pin) for pin in needs.ENLARGING.pinned), "it is in no lock"
    assert {kind for kind in kinds.NAMES if needs.of(kind).enlarges} == {"framing_ai", "multi_clip"}


def test_a_batch_is_handed_to_the_machines_that_it_wants():
    source, parts = {"key": "s", "name": "s", "bytes": 1}, ("a.mp4",)
    usual = Batch(source=source, request={"do": "render", "chunks": []}, parts=parts, kept="k").as_wire()
    large = Batch(source=source, request={**usual["request"], "enlarges": True}, parts=parts, kept="k").as_wire()
    handed = [app.fitting({"batch": each}, needs.PROCESSOR) for each in (usual, large)]
    assert handed == ["batch", "batch_enlarging"]


def test_the_whole_source_is_there_and_nothing_of_the_site(modal_cloud, deployed):
    ours = {path.relative_to(ROOT) for path in (ROOT / "modal_functions").rglob("*.py")}
    mounted = modal_cloud.cloud.source
    there = {path.relative_to(mounted) for path in mounted.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert there == ours


def test_limits_are_our_own_and_nothing_is_begun_again_behind_our_back(deployed):
    for name, function in deployed.items():
        if name == MARKER:
            continue
        assert function.timeout_secs > 300, f"{name} has Modal's own time limit, which is five minutes"
        assert function.retry_policy.retries == 0
        assert function.resources.milli_cpu > 0
        assert function.resources.memory_mb >= 1024
        assert function.task_idle_timeout_secs > 0
        assert function.max_concurrent_inputs in (0, 1)
        assert function.function_type == api_pb2.Function.FUNCTION_TYPE_FUNCTION
    batches = [function for name, function in deployed.items() if name.startswith("batch")]
    assert all(function.concurrency_limit >= app.AT_ONCE for function in batches)


def test_who_conducts_is_not_preempted(deployed):
    """Three runs of one call are taken for an input that ends machines; a preemption would count as one."""
    for kind in kinds.NAMES:
        assert deployed[kind].scheduler_placement.nonpreemptible


def test_the_image_has_the_versions_that_the_site_is_locked_to(modal_cloud, deployed):
    commands = " ".join(command for image in modal_cloud.cloud.images for command in image.dockerfile_commands)
    assert "FROM python:3.11" in commands
    libraries = {*app.LIBRARIES, *(name for kind in kinds.NAMES for name in needs.of(kind).image.libraries)}
    locked = list(app.locked(ROOT / app.LOCK, tuple(libraries)))
    assert [pin for pin in locked if pin not in commands] == []
    assert [pin for pin in locked if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin)] == []


def test_no_library_is_installed_that_is_not_locked():
    """Else it would come in whatever version there is that day."""
    of_kinds = {name for kind in kinds.NAMES for name in needs.of(kind).image.libraries}
    needed, seen = {"av", "boto3", *of_kinds}, set()
    while needed:
        name = needed.pop()
        seen.add(name)
        for requirement in map(Requirement, requires(name) or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed |= {canonicalize_name(requirement.name)} - seen
    assert seen == {*app.LIBRARIES, *of_kinds}
