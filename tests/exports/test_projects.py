"""A film is made by plain forms: no script is needed for anything here."""

import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import Clip, Export, Notice, Project, Source
from exports.models.project import MOST_CLIPS
from exports.tools import tools
from progress.models import Job, Rate
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, fresh, project_of, requested, running, source_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]
HTMX = {"HX-Request": "true"}
OUTPUT = {"title": "Short", "size": "720p", "rate": "25", "quality": "high", "enlarging": "lanczos"}


@pytest.fixture
def project(owner):
    return project_of(owner)


@pytest.fixture
def press(browser, project):
    """Presses a button of the film's form, with what was typed."""

    def pressed(do, htmx=False, follow=True, **typed):
        named = {name.replace("__", "-"): value for name, value in typed.items()}
        page = reverse("film", args=[project.pk])
        return browser.post(page, {"do": do} | named, follow=follow, headers=HTMX if htmx else {})

    return pressed


def names(project):
    return [clip.source.name for clip in project.clips.select_related("source")]


def field(page, name):
    return re.search(rf'<input[^>]*name="{name}"[^>]*>', page.text)[0]


# Projects


def test_a_visitor_is_led_to_the_sign_in_and_back(visitor, project):
    for page in (reverse("projects"), reverse("project", args=[project.pk]), reverse("library", args=[project.pk])):
        assert visitor.get(page).url == f"{reverse('sign-in')}?next={page}"
    assert visitor.post(reverse("film", args=[project.pk]), {"do": "add"}).url.startswith(reverse("sign-in"))


def test_who_has_none_finds_one_thing_to_do(browser):
    page = browser.get("/projects/")
    assert page.status_code == 200
    assert "Make your first film" in page.text
    assert len(re.findall(r'<button class="button">', page.text)) == 1


def test_a_project_is_made_by_its_name_and_opened(browser, owner):
    page = browser.post("/projects/", {"name": "Holiday"}, follow=True)
    made = Project.objects.get()
    assert (made.owner, made.name) == (owner, "Holiday")
    assert page.redirect_chain == [(reverse("project", args=[made.pk]), 302)]
    assert "<h1><bdi>Holiday</bdi></h1>" in page.text


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_is_expected_and_not_too_long_a_one(name, browser):
    answer = browser.post("/projects/", {"name": name})
    assert (answer.status_code, Project.objects.count()) == (422, 0)
    assert 'class="problem"' in answer.text


@pytest.mark.parametrize("who", ["owner", "stranger", "staff", "guest"])
def test_everybody_sees_their_own_projects_and_no_others(who, owner, stranger, staff, signed_in, as_guest):
    client, guest = as_guest()
    people = {"owner": owner, "stranger": stranger, "staff": staff, "guest": guest}
    made = {name: project_of(person, f"Of {name}") for name, person in people.items()}
    browser = client if who == "guest" else signed_in(people[who])
    page = browser.get("/projects/")
    assert re.findall(r"<bdi>(Of \w+)</bdi></a>", page.text) == [f"Of {who}"]
    for name, project in made.items():
        expected = 200 if name == who else 404
        assert browser.get(reverse("project", args=[project.pk])).status_code == expected
        assert browser.get(reverse("library", args=[project.pk])).status_code == expected
        if name != who:
            assert browser.post(reverse("film", args=[project.pk]), {"do": "trim"}).status_code == 404


def test_a_name_is_text_and_nothing_more(browser, owner):
    project = project_of(owner, "<script>alert(1)</script>")
    film_of(project, "<img src=x>.mov")
    for page in (browser.get("/projects/"), browser.get(reverse("project", args=[project.pk]))):
        assert "<script>alert" not in page.text
        assert "<img src=x>" not in page.text


def test_fifty_projects_are_a_page_and_the_older_ones_follow(browser, owner):
    Project.objects.bulk_create(Project(owner=owner, name=f"Reel {n}") for n in range(51))
    assert "Older projects" in browser.get("/projects/").text
    assert browser.get("/projects/?page=2").text.count("Delete <bdi>Reel ") == 1
    assert browser.get("/projects/?page=nonsense").status_code == 200


# Where people land


def test_who_has_no_export_yet_lands_where_the_first_one_is_made(visitor, browser, owner):
    assert visitor.post("/guest").url == reverse("projects")
    assert browser.get("/").url == reverse("projects")
    requested_by = Client()
    answer = requested_by.post("/sign-in", {"username": "olga", "password": "a long secret of hers"})
    assert answer.url == reverse("projects")


def test_who_has_one_lands_at_the_exports(browser, owner, make_job):
    make_job(owner)
    assert browser.get("/").url == reverse("dashboard")
    assert Client().post("/sign-in", {"username": "olga", "password": "a long secret of hers"}).url == reverse(
        "dashboard"
    )


# The library


def test_each_source_says_what_it_is(browser, project):
    source_in(project, "beach.mov", 62.5)
    page = browser.get(reverse("project", args=[project.pk])).text
    for said in ("beach.mov", "1:02.5", "84 MB", "1920 × 1080", '<svg class="waveform"', "Ready"):
        assert said in page
    assert "style=" not in page


@pytest.mark.parametrize(
    ("change", "said", "asks"),
    [
        ({"state": "uploading", "stored_bytes": 36_120_000, "facts": {}}, "Uploading 43 %", True),
        ({"state": "stored", "facts": {}}, "Being looked at", True),
        ({"state": "ready"}, "Ready", False),
        ({"state": "refused", "refusal": "This is text.", "facts": {}}, "This is text.", False),
    ],
)
def test_it_asks_again_only_while_something_is_under_way(change, said, asks, browser, project):
    source_in(project, **change)
    library = browser.get(reverse("library", args=[project.pk])).text
    assert said in library
    assert ("every 2s" in library) == asks
    assert "source:stored from:document" in library


def test_a_library_that_has_not_changed_is_a_204(browser, project, django_assert_num_queries):
    source = source_in(project, state="uploading", stored_bytes=0)
    library = browser.get(reverse("library", args=[project.pk])).text
    again = re.search(r'hx-get="([^"]+)"', library)[1]
    with django_assert_num_queries(4):
        assert browser.get(again).status_code == 204
    Source.objects.filter(pk=source.pk).update(stored_bytes=42_000_000)
    assert "Uploading 50 %" in browser.get(again).text


def test_the_upload_works_as_a_plain_form(browser, project):
    page = browser.get(reverse("project", args=[project.pk])).text
    form = re.search(r"<form[^>]*data-upload=[^>]*>", page)[0]
    assert 'method="post"' in form
    assert 'enctype="multipart/form-data"' in form
    assert f'action="{reverse("upload-form", args=[project.pk])}"' in form
    assert "data-upload-list" in page


def test_a_thumbnail_is_for_its_owner_and_staff_alone(owner, stranger, staff, signed_in, visitor, project):
    source = source_in(project)
    Source.objects.update(facts=source.facts | {"thumbnail": f"{source.folder}/thumb.jpg"})
    tools().store.put(f"{source.folder}/thumb.jpg", b"\xff\xd8 a picture")
    page = reverse("thumbnail", args=[source.pk])
    answer = signed_in(owner).get(page)
    assert (answer.content, answer["Content-Type"]) == (b"\xff\xd8 a picture", "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"].startswith("private")
    assert signed_in(staff).get(page).status_code == 200
    assert signed_in(stranger).get(page).status_code == 404
    assert visitor.get(page).status_code == 302


def test_a_source_without_a_thumbnail_has_none(browser, project):
    assert browser.get(reverse("thumbnail", args=[source_in(project).pk])).status_code == 404
    assert browser.get(reverse("thumbnail", args=[uuid.uuid4()])).status_code == 404


def test_a_source_is_deleted_with_its_places_in_the_film_and_its_bytes(press, project):
    film_of(project, "beach.mov", "harbour.mov")
    source = project.sources.get(name="beach.mov")
    tools().store.put(source.key, b"bytes")
    page = press(f"discard:{source.pk}")
    assert "beach.mov is deleted." in page.text
    assert (names(project), [each.name for each in project.sources.all()]) == (["harbour.mov"], ["harbour.mov"])
    assert tools().store.size(source.key) is None


def test_a_source_that_a_running_export_needs_stays(press, project):
    film_of(project, "beach.mov")
    export = running(requested(project))
    source = project.sources.get()
    answer = press(f"discard:{source.pk}")
    assert answer.status_code == 422
    assert "beach.mov is needed by an export that has not ended yet." in answer.text
    assert project.sources.get() == source
    ProgressTracker().cancel(export.pk, actor="")
    assert "beach.mov is deleted." in press(f"discard:{source.pk}").text


def test_an_upload_that_is_deleted_is_stopped(press, project):
    source = source_in(project, state="uploading", facts={})
    assert "The upload of beach.mov is stopped." in press(f"discard:{source.pk}").text
    assert not project.sources.exists()


# The film


def test_sources_are_added_one_by_one_or_together(press, project):
    one, two, three = (source_in(project, name) for name in ("one.mov", "two.mov", "three.mov"))
    assert "one.mov is in the film." in press(f"add:{one.pk}").text
    assert "2 clips are in the film." in press(f"add:{two.pk},{three.pk}").text
    assert names(project) == ["one.mov", "two.mov", "three.mov"]


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


def test_clips_move_up_and_down_and_not_beyond_the_ends(press, project):
    one, two, three = film_of(project, "one", "two", "three")
    for do, order in (
        (f"up:{three.pk}", ["one", "three", "two"]),
        (f"down:{one.pk}", ["three", "one", "two"]),
        (f"up:{three.pk}", ["three", "one", "two"]),
        (f"down:{two.pk}", ["three", "one", "two"]),
    ):
        assert press(do).status_code == 200
        assert names(project) == order


def test_dragging_posts_the_whole_order(press, project):
    one, two, three = film_of(project, "one", "two", "three")
    press(f"order:{three.pk},{one.pk},{two.pk}")
    assert names(project) == ["three", "one", "two"]


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
    assert names(project) == ["one", "two"]


def test_a_clip_is_doubled_with_its_points_right_behind_itself(press, project):
    one, _ = film_of(project, "one", "two")
    one.trim(1_000_000, 3_000_000)
    press(f"copy:{one.pk}")
    assert names(project) == ["one", "one", "two"]
    copy = list(project.clips.all())[1]
    assert (copy.in_us, copy.out_us) == (1_000_000, 3_000_000)
    press(f"remove:{one.pk}")
    assert names(project) == ["one", "two"]


@pytest.mark.parametrize("do", ["up", "down", "remove"])
def test_a_clip_that_is_gone_is_no_error(do, press, project):
    film_of(project, "one")
    for what in ("999999", "nonsense", "", "9" * 40):
        assert press(f"{do}:{what}").status_code == 200
    assert names(project) == ["one"]


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
    assert (one.in_us, names(project)) == (1_500_000, ["two", "one"])
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


def test_a_field_that_was_left_is(change, project):
    one = film_of(project, "one")[0]
    one.trim(1_000_000, 2_000_000)
    typed = {f"clip__{one.pk}__start": "5", f"clip__{one.pk}__end": "0:02"}
    assert "Out: Expected a time after the in point (0:05), got “0:02”." in change(f"clip-{one.pk}-start", **typed).text
    assert "Expected" not in change(f"clip-{one.pk}-end", **(typed | {f"clip__{one.pk}__end": "7"})).text
    one.refresh_from_db()
    assert (one.in_us, one.out_us) == (5_000_000, 7_000_000)


@pytest.mark.parametrize("field", ["", "size", "clip-", "clip-x-start", "clip-0-end", "-", "clip--end"])
def test_any_other_field_says_nothing_of_a_clip(field, change, project):
    film_of(project, "one")
    answer = change(field)
    assert answer.status_code == 200
    assert "-said" not in answer.text


# Export


def test_export_leads_to_its_page(press, project, owner):
    clip = film_of(project, "beach.mov")[0]
    answer = press("export", follow=False, **OUTPUT, **{f"clip__{clip.pk}__start": "1"})
    export = Export.objects.get()
    assert answer.url == reverse("export", args=[export.pk])
    assert (export.job.title, export.job.owner) == ("Short", owner)
    assert export.spec["clips"] == [{"source": str(clip.source_id), "in_us": 1_000_000, "out_us": None}]
    assert export.spec["output"] == {"width": 1280, "height": 720, "fps": [25, 1], "quality": "high"}


def test_export_with_htmx_leads_there_too(press, project):
    film_of(project, "beach.mov")
    answer = press("export", htmx=True, **OUTPUT)
    assert answer["HX-Redirect"] == reverse("export", args=[Export.objects.get().pk])


def test_without_a_title_the_project_gives_it(press, project):
    film_of(project, "beach.mov")
    press("export", **(OUTPUT | {"title": " "}))
    assert Export.objects.get().job.title == "Lofoten"


def test_a_double_click_is_one_export(press, project):
    film_of(project, "beach.mov")
    press("export", **OUTPUT)
    again = press("export", **OUTPUT)
    assert Export.objects.count() == 1
    assert "Just this film is being exported already. Here it is." in again.text
    press("export", **(OUTPUT | {"size": "1080p"}))
    assert Export.objects.count() == 2


def test_a_film_of_nothing_is_not_exported(press, project):
    answer = press("export", **OUTPUT)
    assert answer.status_code == 422
    assert "There is no clip in the film yet. Add one from the library, then export." in answer.text
    assert not Job.objects.exists()


def test_nor_one_of_what_cannot_be_used(press, project):
    film_of(project, "notes.mov")
    Source.objects.update(state="refused", refusal="This is text.")
    answer = press("export", **OUTPUT)
    assert "notes.mov cannot be used: This is text. Take it out of the film, then export." in answer.text
    assert 'value="Short"' in answer.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": "8k"}, "8k is not one of the available choices"),
        ({"rate": "1000"}, "1000 is not one of the available choices"),
        ({"quality": ""}, "Expected a choice for “Quality”, got none."),
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"enlarging": "real-esrgan"}, "Real-ESRGAN upscale, not available here. Choose Lanczos."),
    ],
)
def test_nor_one_in_a_form_that_there_is_not(change, said, press, project):
    film_of(project, "beach.mov")
    answer = press("export", **(OUTPUT | change))
    assert (answer.status_code, Job.objects.count()) == (422, 0)
    assert said in answer.text
    assert "Nothing was exported yet" in answer.text


def test_what_is_not_installed_is_listed_and_cannot_be_chosen(browser, project):
    page = browser.get(reverse("project", args=[project.pk])).text
    assert re.search(r'<option value="real-esrgan" disabled>\s*Real-ESRGAN upscale, not available here', page)
    assert "LONGHAUL_" not in page, "settings are words of operators"


def test_the_form_remembers_the_last_export(browser, press, project):
    film_of(project, "beach.mov")
    press("export", **OUTPUT)
    page = browser.get(reverse("project", args=[project.pk])).text
    for chosen in ("720p", "25", "high"):
        assert f'<option value="{chosen}" selected>' in page
    assert 'value="Short"' in page


def test_without_anything_to_compare_with_it_says_so(browser, project):
    film_of(project, "beach.mov")
    page = browser.get(reverse("project", args=[project.pk])).text
    assert "too little has been exported here to compare it with." in page


def test_it_is_judged_by_what_was_finished_here(browser, project, owner):
    film_of(project, "beach.mov")
    for key, mean in (("multi_clip@1/process", -5.0), ("multi_clip@1/process/work", 3.0)):
        Rate.objects.create(key=key, mean=mean, variance=0.05, count=5)
    finished(requested(project))
    page = browser.get(reverse("project", args=[project.pk])).text
    assert re.search(r"Roughly \d+(\.\d)? \w+\. Done in [^.]+ if exported now\.", page)


@pytest.mark.parametrize(
    ("size", "quality", "said"), [("720p", "original", True), ("1080p", "original", False), ("720p", "high", False)]
)
def test_that_nothing_can_be_copied_is_said_as_soon_as_it_is_chosen(size, quality, said, press, project):
    film_of(project, "beach.mov")
    page = press("check", htmx=True, **(OUTPUT | {"size": size, "quality": quality})).text
    sentence = (
        "Nothing can be copied: no clip is an MP4 or MOV in H.264 of 1280 × 720 at 25 frames a second."
        " All of it is encoded."
    )
    assert (sentence in page) == said
    assert ("Nothing can be copied" in page) == said


# Notices


def test_a_notice_is_told_once_whichever_page_is_first(browser, project, stranger, signed_in):
    film_of(project, "beach.mov")
    Notice.owe(requested(project), "done", attempt=1, text="“Lofoten” is ready.")
    assert "“Lofoten” is ready." not in signed_in(stranger).get("/projects/").text
    assert "“Lofoten” is ready." in browser.get("/projects/").text
    for page in ("/projects/", "/exports/", reverse("project", args=[project.pk])):
        assert "“Lofoten” is ready." not in browser.get(page).text


def test_two_tabs_do_not_both_tell_it(browser, project, owner):
    film_of(project, "beach.mov")
    export = requested(project)
    Notice.owe(export, "done", attempt=1, text="“Lofoten” is ready.")

    class Rival:
        """Tells it between our look and our write."""

        came = False

        def __call__(self, execute, sql, params, many, context):
            if sql.startswith("UPDATE") and "notice" in sql and not self.came:
                self.came = True
                Notice.objects.update(told_at=export.job.created_at)
            return execute(sql, params, many, context)

    with connection.execute_wrapper(rival := Rival()):
        page = browser.get("/projects/")
    assert rival.came
    assert "“Lofoten” is ready." not in page.text


# Cost, and what a browser may keep


def test_a_long_film_costs_no_more_queries_than_a_short_one(browser, project):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("project", args=[project.pk])).status_code == 200
        return len(queries)

    film_of(project, "one")
    cost()  # what is remembered for some seconds is found out
    few = cost()
    film_of(project, *[f"clip {n}" for n in range(40)])
    assert cost() == few <= 15


def test_pages_are_not_kept_by_the_browser_for_the_next_who_signs_in(browser, project):
    for page in ("/projects/", reverse("project", args=[project.pk]), reverse("library", args=[project.pk])):
        assert "no-store" in browser.get(page)["Cache-Control"]


def test_another_site_cannot_press_buttons(owner, project):
    film_of(project, "one")
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(reverse("film", args=[project.pk]), {"do": "export"}).status_code == 403


def test_a_press_on_a_page_that_is_older_than_the_sign_in_says_that_it_is(owner, project):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    refused = client.post(reverse("film", args=[project.pk]), {"do": "look"}, headers=HTMX)
    said = "This page is older than your sign-in, so this was not done. Reload it, then try again."
    assert (refused.status_code, refused.json()) == (403, {"error": said})
    page = client.post(reverse("film", args=[project.pk]), headers={"Accept": "text/html"})
    assert (page.status_code, "This form had grown old" in page.text) == (403, True)


@pytest.mark.parametrize("do", ["", "nonsense", ":", "export:", "\x00"])
def test_nonsense_presses_nothing(do, press, project):
    film_of(project, "one")
    assert press(do).status_code in (200, 422)
    assert (names(project), Export.objects.count()) == (["one"], 0)


def test_an_export_appears_on_the_page_of_its_project(browser, project):
    film_of(project, "beach.mov")
    export = running(requested(project, title="Reel 12"))
    page = browser.get(reverse("project", args=[project.pk])).text
    assert reverse("export", args=[export.pk]) in page
    assert "Rendering · 54 %" in page
    assert fresh(export).project == project
