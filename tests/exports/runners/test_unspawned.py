"""A machine that cannot start a process says so, as any runner that cannot do what it is told."""

import uuid

import pytest

from exports.runners.base import NotReached, Ordered
from exports.runners.local import LocalRunner
from modal_functions.wire import AttemptKeys


def ordered():
    keys = AttemptKeys(export=str(uuid.uuid4()), number=1)
    return Ordered(keys=keys, project="p", kind="multi_clip", token=str(uuid.uuid4()))


def runner_in(folder):
    return LocalRunner(grant=lambda asked: {"store": "folder", "root": str(folder)}, runs=folder, at_once=2)


def test_a_folder_in_which_nothing_can_be_made_is_no_answer(tmp_path):
    (tmp_path / "runs").write_text("where its folder should be")
    with pytest.raises(NotReached, match="Not a directory"):
        runner_in(tmp_path / "runs").spawn(ordered())


def test_a_lack_of_processes_is_no_answer_and_the_next_try_finds_the_place_free(tmp_path, monkeypatch):
    runner, asked = runner_in(tmp_path), ordered()
    with monkeypatch.context() as short:
        short.setattr("subprocess.Popen", lambda *given, **more: (_ for _ in ()).throw(OSError(11, "Try again later")))
        with pytest.raises(NotReached, match="Try again later"):
            runner.spawn(asked)
    assert runner.look(asked) == "gone"
