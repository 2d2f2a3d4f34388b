"""A film is made by plain forms; with htmx, only what has changed is sent."""

import re
import uuid
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import Clip, Export, Source
from exports.models.project import MOST_CLIPS
from tests.exports.footage import film_of, names_in, project_of, source_in
from tests.exports.projects.conftest import HTMX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


def field(page, name):
    return re.search(rf'<input[^>]*name="{name}"[^>]*>', page.text)[0]


# The film


def test_a_press_in_a_film_of_many_clips_asks_the_database_no_more_than_in_one_of_few(project, press):
    def asked(clip):
        with CaptureQueriesContext(connection) as queries:
            assert press(f"up:{clip.pk}").status_code == 200
        return len(queries)

    few = film_of(project, "one", "two")
    asked(few[1])  # what is remembered for some seconds is found out
    once = asked(few[0])
    film_of(project, *(f"{number}.mov" for number in range(10)))
    assert asked(few[1]) == once


def test_sources_are_added_one_by_one_or_together(press, project):
    one, two, three = (source_in(project, name) for name in ("one.mov", "two.mov", "three.mov"))
    assert "one.mov is in the film." in press(f"add:{one.pk}").text
    assert "2 clips are in the film." in press(f"add:{two.pk},{three.pk}").text
    assert names_in(project) == ["one.mov", "two.mov", "three.mov"]


def test_what_is_refused_elsewhere_or_nothing_is_not_added(press, project, stranger):
    foreign = source_in(project_of(stranger), "foreign.mov")
    refused = source_in(project, "notes.mov", state="refused", refusal="This is text.")
    for what in (foreign.pk, uuid.uuid4(), "nonsense", ""):
        answer = press(f"add:{what}")
        assert answer.status_code == 422
        assert "This source is not in the project any more." in answer.text
    assert "notes.mov cannot be used: This is text." in press(f"add:{refused.pk}").text
    assert not project.clips.exists()


def test_a_film_has_an_end(press, project):
    source = source_in(project)
    Clip.objects.bulk_create(Clip(project=project, source=source, position=n) for n in range(1, MOST_CLIPS + 1))
    first = project.clips.first()
    for do in (f"add:{source.pk}", f"copy:{first.pk}"):
        assert f"The film has room for {MOST_CLIPS} clips" in press(do).text
    assert project.clips.count() == MOST_CLIPS


def test_a_film_as_long_as_one_may_be_can_still_be_changed(browser, project):
    source = source_in(project)
    Clip.objects.bulk_create(Clip(project=project, source=source, position=place) for place in range(MOST_CLIPS))
    clips = list(project.clips.all())
    typed = {f"clip-{clip.pk}-{point}": "" for clip in clips for point in ("start", "end")}
    around = {"csrfmiddlewaretoken": "x", "title": "Long", "size": "720p", "rate": "25", "quality": "high"}
    sent = urlencode(typed | around | {"enlarging": "lanczos", "do": f"remove:{clips[0].pk}"})
    answer = browser.post(reverse("film", args=[project.pk]), sent, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, project.clips.count()) == (302, MOST_CLIPS - 1)


def test_clips_move_up_and_down_and_not_beyond_the_ends(press, project):
    one, two, three = film_of(project, "one", "two", "three")
    for do, order in (
        (f"up:{three.pk}", ["one", "three", "two"]),
        (f"down:{one.pk}", ["three", "one", "two"]),
        (f"up:{three.pk}", ["three", "one", "two"]),
        (f"down:{two.pk}", ["three", "one", "two"]),
    ):
        assert press(do).status_code == 200
        assert names_in(project) == order


def test_dragging_posts_the_whole_order(press, project):
    one, two, three = film_of(project, "one", "two", "three")
    press(f"order:{three.pk},{one.pk},{two.pk}")
    assert names_in(project) == ["three", "one", "two"]


def test_an_order_of_a_film_that_was_changed_meanwhile_is_refused(press, project):
    one, two, three = film_of(project, "one", "two", "three")
    three.delete()
    for order in (
        f"{three.pk},{one.pk},{two.pk}",
        f"{one.pk}",
        f"{one.pk},{one.pk}",
        "",
        "a,b",
        f"{one.pk},{two.pk},9",
    ):
        answer = press(f"order:{order}")
        assert answer.status_code == 422
        assert "The film was changed elsewhere meanwhile." in answer.text
    assert names_in(project) == ["one", "two"]


def test_a_clip_is_doubled_with_its_points_right_behind_itself(press, project):
    one, _ = film_of(project, "one", "two")
    one.trim(1_000_000, 3_000_000)
    press(f"copy:{one.pk}")
    assert names_in(project) == ["one", "one", "two"]
    copy = list(project.clips.all())[1]
    assert (copy.in_us, copy.out_us) == (1_000_000, 3_000_000)
    press(f"remove:{one.pk}")
    assert names_in(project) == ["one", "two"]


@pytest.mark.parametrize("do", ["up", "down", "remove"])
def test_a_clip_that_is_gone_is_no_error(do, press, project):
    film_of(project, "one")
    for what in ("999999", "nonsense", "", "9" * 40):
        assert press(f"{do}:{what}").status_code == 200
    assert names_in(project) == ["one"]


def test_clips_of_another_project_are_not_touched(press, project, stranger):
    foreign = film_of(project_of(stranger), "foreign")[0]
    for do in ("up", "remove", "copy", "order"):
        press(f"{do}:{foreign.pk}", **{f"clip__{foreign.pk}__end": "2"})
    foreign.refresh_from_db()
    assert foreign.out_us is None


# In and out points


def test_points_are_typed_as_seconds_or_minutes(press, project):
    clip = film_of(project, "beach.mov")[0]
    page = press("trim", **{f"clip__{clip.pk}__start": "2.5", f"clip__{clip.pk}__end": "0:07.250"})
    clip.refresh_from_db()
    assert (clip.in_us, clip.out_us) == (2_500_000, 7_250_000)
    assert 'value="0:02.5"' in field(page, f"clip-{clip.pk}-start")
    assert "0:04.8 long" in page.text


def test_nothing_typed_is_the_start_and_the_end(press, project):
    clip = film_of(project, "beach.mov")[0]
    clip.trim(1, 2)
    press("trim", **{f"clip__{clip.pk}__start": "", f"clip__{clip.pk}__end": ""})
    clip.refresh_from_db()
    assert (clip.in_us, clip.out_us) == (0, None)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("soon", "", "In: Expected seconds, or minutes and seconds, such as 2.5 or 1:02.250, got “soon”."),
        ("", "1:75", "at most 59 behind a colon, got “1:75”."),
        ("9", "", "In: Expected a time before the end of beach.mov (0:08), got “9”."),
        ("", "0:09", "Out: Expected at most 0:08, the length of beach.mov, got “0:09”."),
        ("3", "2", "Out: Expected a time after the in point (0:03), got “2”."),
        ("3", "3", "Out: Expected a time after the in point (0:03), got “3”."),
    ],
)
@pytest.mark.parametrize("do", ["trim", "copy", "export"])
def test_a_bad_point_gets_its_sentence_and_keeps_what_was_typed(do, start, end, sentence, press, project):
    good, bad = film_of(project, "good.mov", "beach.mov")
    typed = {f"clip__{bad.pk}__start": start, f"clip__{bad.pk}__end": end, f"clip__{good.pk}__start": "1"}
    answer = press(f"{do}:{good.pk}", **typed, title="My cut", size="720p", rate="25", quality="high")
    assert answer.status_code == 422
    assert sentence in answer.text.replace("&#x27;", "'")
    for name, value in (("start", start), ("end", end)):
        assert not value or f'value="{value}"' in field(answer, f"clip-{bad.pk}-{name}")
    assert 'value="My cut"' in answer.text
    assert '<option value="720p" selected>' in answer.text
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.in_us, bad.out_us, good.in_us) == (0, None, 1_000_000), "the good one is kept all the same"
    assert not Export.objects.exists()


def test_the_end_as_it_is_shown_may_be_typed(press, project):
    clip = film_of(project, "beach.mov")[0]
    Source.objects.update(facts={"seconds": 8.0333333})
    assert press("trim", **{f"clip__{clip.pk}__end": "0:08.034"}).status_code == 200
    clip.refresh_from_db()
    assert clip.out_us is None


def test_whatever_button_is_pressed_what_was_typed_is_kept(press, project):
    one, _ = film_of(project, "one", "two")
    typed = {f"clip__{one.pk}__start": "1.5", "title": "My cut", "size": "square", "rate": "24", "quality": "draft"}
    page = press(f"down:{one.pk}", **typed)
    one.refresh_from_db()
    assert (one.in_us, names_in(project)) == (1_500_000, ["two", "one"])
    assert page.redirect_chain[0][0].endswith("#film")
    assert 'value="My cut"' in page.text
    assert '<option value="square" selected>' in page.text


def test_the_whole_film_is_measured(press, project):
    one, _ = film_of(project, "one", "two")
    one.trim(2_000_000, None)
    page = press("trim")
    assert "0:14 · 2 clips" in page.text
    assert "0:14 long, 420 frames at 30 a second." in page.text


def test_a_clip_that_is_still_looked_at_is_not_measured_yet(press, project):
    film_of(project, "one")
    project.append([source_in(project, "two", state="stored", facts={})])
    assert (
        "0:08 long, 240 frames at 30 a second so far, and some clips are still to be looked at." in press("trim").text
    )


# With htmx


def test_htmx_gets_the_film_the_library_and_what_is_said(press, project):
    source = source_in(project)
    answer = press(f"add:{source.pk}", htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    for part in ('<div id="film"', 'id="library"', "beach.mov is in the film.", "in the film"):
        assert part in answer.text
    assert answer.text.count('hx-swap-oob="') == 2


def test_htmx_gets_a_refusal_as_a_page_part_since_it_swaps_no_errors(press, project):
    clip = film_of(project, "one")[0]
    answer = press("trim", htmx=True, **{f"clip__{clip.pk}__end": "soon"})
    assert answer.status_code == 200
    assert "got “soon”." in answer.text


def test_a_change_is_checked_without_touching_what_is_typed(press, project):
    clip = film_of(project, "one")[0]
    answer = press(
        "check", htmx=True, **{f"clip__{clip.pk}__start": "3", "size": "360p", "rate": "25", "quality": "draft"}
    )
    clip.refresh_from_db()
    assert clip.in_us == 3_000_000
    assert "0:05 long, 125 frames at 25 a second." in answer.text
    assert "<input" not in answer.text


@pytest.fixture
def change(browser, project):
    """Leaves a field, with what stands in all of them."""

    def changed(field, **typed):
        named = {name.replace("__", "-"): value for name, value in typed.items()}
        page = reverse("film", args=[project.pk])
        return browser.post(page, {"do": "check"} | named, headers=HTMX | {"HX-Trigger-Name": field})

    return changed


def test_a_field_that_is_still_being_typed_in_is_not_judged(change, project):
    one, two = film_of(project, "one", "two")
    typed = {f"clip__{one.pk}__start": "2", f"clip__{one.pk}__end": "0:0", f"clip__{two.pk}__end": "no"}
    answer = change(f"clip-{one.pk}-start", **typed)
    one.refresh_from_db()
    assert (one.in_us, one.out_us) == (2_000_000, None)
    assert "Expected" not in answer.text
    assert f"clip-{two.pk}-said" not in answer.text
    assert "0:14 · 2 clips" in answer.text


def test_what_was_changed_elsewhere_in_the_film_meanwhile_is_told_with_it(change, project):
    one, two, three = film_of(project, "one", "two", "three")
    typed = {f"clip__{each.pk}__start": value for each, value in ((one, "2"), (two, "3"), (three, ""))}
    told = change(f"clip-{two.pk}-start", **typed).text
    assert [f"clip-{each.pk}-said" in told for each in (one, two, three)] == [True, True, False]


def test_a_field_that_was_left_is(change, project):
    one = film_of(project, "one")[0]
    one.trim(1_000_000, 2_000_000)
    typed = {f"clip__{one.pk}__start": "5", f"clip__{one.pk}__end": "0:02"}
    assert "Out: Expected a time after the in point (0:05), got “0:02”." in change(f"clip-{one.pk}-start", **typed).text
    assert "Expected" not in change(f"clip-{one.pk}-end", **(typed | {f"clip__{one.pk}__end": "7"})).text
    one.refresh_from_db()
    assert (one.in_us, one.out_us) == (5_000_000, 7_000_000)


def test_what_kept_it_from_being_exported_is_said_no_longer_once_it_is_mended(change, project):
    one, two = film_of(project, "one", "two")
    emptied = '<div id="film-problem" hx-swap-oob="true"></div>'
    typed = {f"clip__{one.pk}__start": "x", f"clip__{two.pk}__start": "1"}
    assert emptied not in change(f"clip-{two.pk}-start", **typed).text, "the other is still wrong"
    assert emptied in change(f"clip-{one.pk}-start", **(typed | {f"clip__{one.pk}__start": "2"})).text


@pytest.mark.parametrize("field", ["", "size", "clip-", "clip-x-start", "clip-0-end", "-", "clip--end"])
def test_any_other_field_says_nothing_of_a_clip(field, change, project):
    film_of(project, "one")
    answer = change(field)
    assert answer.status_code == 200
    assert "-said" not in answer.text
