"""Asking for an export of any kind: the choice among them, a form, and what comes of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from exports import kinds
from exports.kinds.base import Unplannable
from exports.models import Export, Source, User
from tests.exports.footage import film_of, fresh, project_of, requested, source_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner):
    return project_of(owner)


@pytest.fixture
def page(project, owner, signed_in):
    return signed_in(owner)


def address(project, key="overlay"):
    return reverse("new-export", args=[project.pk, key])


def typed(project, **more):
    source = project.sources.first()
    fields = {"title": "With titles", "footage": str(source.pk), "size": "360p", "rate": "25", "quality": "draft"}
    return fields | {"count": "1", "do": "export"} | item(0) | more


def item(number, what="title", **more):
    fields = {"what": what, "start": "0:01", "end": "", "fade": "500000", "text": "Lofoten", "second": ""}
    fields |= {"place": "middle", "colour": "#ffffff", "left": "10", "top": "10", "width": "50", "height": "50"}
    return {f"item-{number}-{name}": value for name, value in (fields | more).items()}


def test_every_kind_is_offered_with_a_sentence_and_where_it_is_asked_for(project, page):
    text = page.get(reverse("choose-kind", args=[project.pk])).text
    for kind in kinds.registered():
        assert kind.told in text
        assert f'href="{kind.address(project)}"' in text


def test_the_page_of_a_project_leads_there(project, page):
    assert reverse("choose-kind", args=[project.pk]) in page.get(reverse("project", args=[project.pk])).text


@pytest.mark.parametrize("name", ["choose-kind", "new-export"])
def test_it_is_for_its_owner_alone(project, name, staff, stranger, signed_in, as_guest, visitor):
    page = reverse(name, args=[project.pk, *(["overlay"] if name == "new-export" else [])])
    for person in (staff, stranger):
        assert signed_in(person).get(page).status_code == 404
    assert as_guest()[0].get(page).status_code == 404
    assert visitor.get(page).url == f"{reverse('sign-in')}?next={page}"


def test_a_kind_that_there_is_not_is_a_404(project, page):
    assert page.get(address(project, "teleport")).status_code == 404


def test_a_form_without_its_token_is_refused(project, owner):
    from django.test import Client

    careful = Client(enforce_csrf_checks=True)
    careful.force_login(owner)
    source_in(project)
    assert careful.post(address(project), typed(project)).status_code == 403
    assert not Export.objects.exists()


def test_what_is_asked_for_is_planned_and_its_page_is_shown(project, page):
    source = source_in(project)
    answer = page.post(address(project), typed(project))
    export = fresh(Export.objects.get())
    assert answer.url == reverse("export", args=[export.pk])
    assert (export.kind, export.job.title, export.job.pipeline) == ("overlay", "With titles", "overlay@1")
    assert export.spec["clips"] == [{"source": str(source.pk), "in_us": 0, "out_us": None}]
    assert export.spec["items"] == [
        {"what": "title", "from_us": 1_000_000, "to_us": None, "fade_us": 500_000, "place": "middle",
         "colour": "#ffffff", "text": "Lofoten"},
    ]  # fmt: skip


def test_asked_for_twice_it_is_one_export(project, page):
    source_in(project)
    first, second = (page.post(address(project), typed(project)).url for _ in range(2))
    assert first == second
    assert "is being exported already" in page.get(second).text
    page.post(address(project), typed(project, **item(0, text="Svolvær")))
    assert Export.objects.count() == 2


def test_the_whole_film_can_be_meant(project, page):
    film_of(project, "a.mov", "b.mov")
    assert "The film as it is arranged (2 clips)" in page.get(address(project)).text
    page.post(address(project), typed(project, footage="film"))
    assert len(Export.objects.get().spec["clips"]) == 2


def test_the_form_begins_as_the_last_export_of_its_kind_was(project, page):
    requested(film_of(project, "a.mov")[0].project)
    page.post(address(project), typed(project, **item(0, start="2.5", end="1:02.25", text="Å")))
    form = page.get(address(project)).context["form"]
    assert form.initial["title"] == "With titles"
    assert form.initial["size"] == "360p"
    [row] = form.items
    assert (row["start"].value(), row["end"].value(), row["text"].value()) == ("0:02.5", "1:02.25", "Å")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"item-0-start": "soon"}, "Expected seconds, or minutes and seconds"),
        ({"item-0-start": "5", "item-0-end": "4"}, "Expected a time after 0:05, got “4”."),
        ({"item-0-start": "9"}, "Item 1 begins at 0:09, and the film has ended at 0:08."),
        ({"item-0-text": " "}, "Expected some text, got nothing."),
        ({"item-0-text": "\u200b"}, "Expected some text, got"),
        ({"item-0-text": "東京"}, "The font cannot draw “東京”."),
        ({"item-0-what": "box", "item-0-width": "95"}, "Expected at most 90"),
        ({"item-0-what": "logo"}, "Expected a picture for the logo, got none."),
        ({"size": "huge"}, "Select a valid choice"),
        ({"footage": "film"}, "Select a valid choice"),
        ({"footage": ""}, "Expected a clip, got nothing."),
        ({"count": "0"}, "There is nothing to lay over yet."),
    ],
)
def test_what_cannot_be_is_said_where_it_was_typed_and_nothing_is_lost(project, page, wrong, said):
    source_in(project)
    answer = page.post(address(project), typed(project, **wrong))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="With titles"' in answer.text
    assert not Export.objects.exists()


def test_items_are_added_and_taken_away_without_a_script_and_what_was_typed_stays(project, page):
    source_in(project)
    half_done = typed(project, **item(0, text="First", end="nonsense"))
    added = page.post(address(project), half_done | {"do": "add:lower_third"})
    assert added.status_code == 200
    rows = added.context["form"].items
    assert [row["what"].value() for row in rows] == ["title", "lower_third"]
    assert rows[0]["end"].value() == "nonsense"
    assert "Expected" not in added.text, "nobody has pressed Export yet"
    two = typed(project, count="2", **item(0, text="First"), **item(1, text="Second"))
    left = page.post(address(project), two | {"do": "drop:0"}).context["form"].items
    assert [row["text"].value() for row in left] == ["Second"]
    for none in ("2", "x", "-1", "9" * 5000):
        assert len(page.post(address(project), two | {"do": f"drop:{none}"}).context["form"].items) == 2


def test_staff_reads_what_it_needs(project, page, owner, lacking):
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    for at in (reverse("choose-kind", args=[project.pk]), address(project, lacking.key)):
        assert "Not available on this site: it needs a crystal ball." in page.get(at).text


def test_with_htmx_only_the_form_comes_back_and_an_export_leads_to_its_page(project, page):
    source_in(project)
    htmx = {"headers": {"HX-Request": "true"}}
    part = page.post(address(project), typed(project) | {"do": "add:box"}, **htmx)
    assert part.text.lstrip().startswith("<form")
    done = page.post(address(project), typed(project), **htmx)
    assert done["HX-Redirect"] == reverse("export", args=[Export.objects.get().pk])


def test_what_is_not_available_here_is_said_and_cannot_be_asked_for(project, page, lacking):
    source_in(project)
    chosen = page.get(reverse("choose-kind", args=[project.pk])).text
    shown = page.get(address(project, lacking.key)).text
    for text in (chosen, shown):
        assert "Not available on this site." in text
        assert "crystal ball" not in text, "what is to be done for it is nothing to its people"
    assert 'value="export" disabled' in shown
    answer = page.post(address(project, lacking.key), {"do": "export", "title": "x"})
    assert (answer.status_code, "is not available here: it needs a crystal ball." in answer.text) == (422, True)
    with pytest.raises(Unplannable, match="needs a crystal ball"):
        Export.request(project, kind=lacking.key, options={})


def test_a_source_that_an_export_of_any_kind_waits_for_is_not_deleted(project, page):
    source = source_in(project)
    page.post(address(project), typed(project))
    assert project.discard(source) is False
    assert Source.objects.filter(pk=source.pk).exists()


def test_a_logo_is_kept_when_it_comes_and_stays_through_what_is_pressed(project, page, logo, kept_logo):
    source_in(project)
    with_logo = typed(project, **item(0, what="logo"), logo=logo("PNG"))
    added = page.post(address(project), with_logo | {"do": "add:title"}).context["form"]
    checksum = added["logo_kept"].value()
    assert kept_logo(project, checksum)
    page.post(address(project), typed(project, **item(0, what="logo"), logo_kept=checksum))
    assert Export.objects.get().spec["items"][0]["logo"] == checksum


def test_no_file_chosen_is_no_file_sent(project, page):
    """Browsers send an empty one."""
    source_in(project)
    page.post(address(project), typed(project, logo=SimpleUploadedFile("blob", b"")))
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [("text", "PNG, JPEG and WebP can."), ("huge", "expected at most")],
)
def test_what_is_no_logo_is_refused_in_words(project, page, logo, sent, said):
    source_in(project)
    answer = page.post(address(project), typed(project, **item(0, what="logo"), logo=logo(sent)))
    assert (answer.status_code, said in answer.text) == (422, True)
