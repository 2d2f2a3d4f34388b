"""What a request is about is deleted at a moment within it: no such moment is an error of the server."""

import functools

import pytest
from django.test import Client
from django.urls import reverse

from exports import deleting, originals
from exports.leaving import leave
from exports.models import Project, Source, Token, User
from exports.tools import tools
from exports_site.overtaken import SAID
from tests.exports.api.conftest import Script
from tests.exports.footage import film_of, finished, project_of, requested, source_in
from tests.exports.outbox.conftest import contact_of
from tests.meanwhile import Nth, after, meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]
PAGE = {"Accept": "text/html"}


class Room:
    """An account with one of everything, anew for each moment."""

    def __init__(self, number):
        self.owner = User.objects.create_user(f"olga{number}", password="a long secret of hers")
        self.project = project_of(self.owner)
        self.clips = film_of(self.project, "beach.mov", "boat.mov")
        self.spare = source_in(self.project, "spare.mov")
        self.export = finished(requested(self.project))
        self.contact = contact_of(self.owner, lambda: self.export.job.created_at)
        self.browser = Client()
        self.browser.force_login(self.owner)
        self.script = Script(Token.make(self.owner, name="script", scope="write")[1])

    def page(self, name, /, *args, **typed):
        return self.browser.post(reverse(name, args=args), typed, headers=PAGE)

    def shown(self, name, *args):
        return self.browser.get(reverse(name, args=args), headers=PAGE)

    # Who deletes what

    def account_goes(self):
        leave(User.objects.get(pk=self.owner.pk), tools())

    def project_goes(self):
        deleting.delete(Project.objects.get(pk=self.project.pk), tools())

    def source_goes(self):
        originals.discard(Source.objects.select_related("project__owner").get(pk=self.spare.pk), tools())


def film(do):
    return lambda room: room.page("film", room.project.pk, do=do(room))


def scripted_film(room):
    return room.script.put(f"/projects/{room.project.pk}/film", {"clips": [{"source": str(room.spare.pk)}]})


ASKED = {
    "the order of the film": (film(lambda room: f"order:{room.clips[1].pk},{room.clips[0].pk}"), Room.project_goes),
    "a clip in the film": (film(lambda room: f"add:{room.spare.pk}"), Room.source_goes),
    "a source deleted": (film(lambda room: f"discard:{room.spare.pk}"), Room.project_goes),
    "a film by a script": (scripted_film, Room.project_goes),
    "a source of a script's film": (scripted_film, Room.source_goes),
    "a source deleted by a script": (lambda room: room.script.delete(f"/sources/{room.spare.pk}"), Room.project_goes),
    "the page of an export": (lambda room: room.shown("export", room.export.pk), Room.project_goes),
    "a link": (lambda room: room.page("share", room.export.pk, may_download="on"), Room.project_goes),
    "who is told": (lambda room: room.page("tell", room.export.pk, contacts=[room.contact.pk]), Room.project_goes),
    "a token": (lambda room: room.page("tokens", name="nightly", scope="read"), Room.account_goes),
}
MOMENTS = 4  # of each; those behind them are much the same


@pytest.mark.parametrize("asked", ASKED)
def test_no_moment_at_which_it_is_deleted_is_an_error_of_the_server(asked):
    ask, goes = ASKED[asked]
    for number in range(1, MOMENTS + 1):
        room = Room(number)
        with meanwhile(functools.partial(goes, room), when=Nth(number)) as other:
            assert ask(room).status_code < 500
        if other.ident is None:
            break
    assert number > 1


def test_what_is_no_more_is_not_found_and_what_belongs_to_it_is_told_in_a_sentence():
    room = Room(1)
    with meanwhile(room.project_goes, when=after('FROM "exports_project"')):
        assert ASKED["the order of the film"][0](room).status_code == 404
    room = Room(2)
    with meanwhile(room.project_goes, when=after('FROM "exports_export"')):
        answer = ASKED["a link"][0](room)
    assert (answer.status_code, SAID in answer.text) == (409, True)
    room = Room(3)
    with meanwhile(room.source_goes, when=after('FROM "exports_source"')):
        answer = ASKED["a clip in the film"][0](room)
    assert (answer.status_code, "This source is not in the project any more." in answer.text) == (422, True)
    room = Room(4)
    with meanwhile(room.source_goes, when=after('FROM "exports_source"')):
        answer = ASKED["a source of a script's film"][0](room)
    assert (answer.status_code, "was deleted meanwhile" in answer.json()["detail"]) == (422, True)
