"""Who may upload, and go on with an upload: its owner."""

import pytest
from django.test import Client

from exports import uploads
from exports.models import Project
from tests.exports.uploads.sending import HALVES, SENT, Page, only_source, said

pytestmark = pytest.mark.django_db


def everything(page, begun):
    return {
        "create": page.create(),
        "unfinished": page.unfinished(),
        "sign": page.sign(begun, 1),
        "put": page.put(begun, 1, HALVES[0]),
        "list": page.listed(begun),
        "complete": page.complete(begun, []),
        "abort": page.abort(begun),
    }


@pytest.mark.parametrize("who", ["stranger", "staff", "guest"])
def test_nobody_but_the_owner_finds_the_project_or_the_upload(who, page, project, request, signed_in, as_guest, store):
    begun = page.begun()
    client = as_guest()[0] if who == "guest" else signed_in(request.getfixturevalue(who))
    answers = everything(Page(client, project), begun)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 404)
    assert only_source().stored_bytes == 0


def test_somebody_who_is_not_signed_in_is_told_to_sign_in(page, project, visitor):
    begun = page.begun()
    answers = everything(Page(visitor, project), begun)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 403)
    assert (
        said(answers["create"])
        == "You are signed out. Reload the page to sign in, then pick the file again: what was sent is kept."
    )


def test_a_guest_uploads_into_a_project_of_their_own(as_guest):
    client, guest = as_guest()
    page = Page(client, Project.objects.create(owner=guest, name="Mine"))
    begun = page.begun()
    page.send(begun, *HALVES)
    assert page.complete(begun).status_code == 200


def test_an_upload_is_found_only_in_its_own_project(page, owner, signed_in):
    begun = page.begun()
    elsewhere = Page(signed_in(owner), Project.objects.create(owner=owner, name="Elsewhere"))
    assert elsewhere.put(begun, 1, SENT).status_code == 404
    assert elsewhere.listed(begun).status_code == 404
    assert said(elsewhere.listed(begun)) == "There is no such upload among yours. Pick the file again."


def test_where_the_project_was_deleted_meanwhile_nobody_is_told_to_try_the_same_again(page, project):
    begun = page.begun()
    project.delete()
    answers = everything(page, begun)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 404)
    told = "There is no such project among yours: it may have been deleted. Open another one, and pick the file there."
    assert {said(answer) for answer in answers.values()} == {told}


def test_forgery_is_refused_and_the_signed_part_brings_its_own_token(project, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    page = Page(client, project)
    assert page.create().status_code == 403
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    begun = {"uploadId": str(source.pk), "key": source.key}
    assert page.put(begun, 1, HALVES[0]).status_code == 403
    token = page.sign(begun, 1).json()["headers"]["X-CSRFToken"]
    assert page.put(begun, 1, HALVES[0], headers={"X-CSRFToken": token}).status_code == 200
