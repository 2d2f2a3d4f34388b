"""A scan in a project: freed of names as soon as it is here, offered to what takes it, and to nothing else."""

import logging

import pytest

from exports import kinds, left_uploads, tasks, uploads
from exports.kinds.base import Unplannable
from exports.models import Export, Source
from exports.tools import tools
from modal_functions.store import Unreachable
from tests.exports.footage import film_of, project_of, source_in
from tests.modal_functions.volume import scans

pytestmark = pytest.mark.django_db
KIND = kinds.get("mri_mesh")
FACTS = {"sort": "scan", "shape": [64, 60, 50], "spacing": [1, 1, 1.5]}
NAME = "DOE^JANE.nii.gz"


@pytest.fixture
def project(owner):
    return project_of(owner, "Scans")


@pytest.fixture
def scan(project):
    return source_in(project, NAME, facts=FACTS)


@pytest.fixture
def page(signed_in, owner, project):
    browser = signed_in(owner)
    return lambda path="": browser.get(f"/projects/{project.pk}{path or '/'}").content.decode()


def slice_in(project, series="5e12", number=0, **more):
    return source_in(project, f"IM{number}.dcm", facts={"sort": "scan", "shape": [64, 60, 1], "series": series}, **more)


def uploaded(project, path):
    """As the page does it: in parts, then completed, then looked at by the cluster."""
    source = uploads.begin(project, name=path.name, size=path.stat().st_size)
    with path.open("rb") as body:
        tag = uploads.put_part(source, 1, body, source.bytes, tools())
    uploads.complete(source, [uploads.Listed(number=1, tag=tag.strip('"'))], tools())
    tasks.look_at_source(str(source.pk))
    return Source.objects.get(pk=source.pk)


def test_an_uploaded_scan_is_kept_without_names_and_told_with_its_size(project, tmp_path, page, caplog):
    caplog.set_level(logging.DEBUG)
    source = uploaded(project, scans.nifti(tmp_path / NAME, scans.ellipsoid((20, 18, 16), radii=(7, 6, 5))))
    assert (source.state, source.sort) == ("ready", "scan"), source.refusal
    assert source.facts["shape"] == [20, 18, 16]
    store = tools().store
    assert store.size(source.key) == source.bytes == source.stored_bytes
    body = store.in_place(source.key).read_bytes()
    assert body[3] == 0, "the packing says no name"
    for key in store.keys(f"projects/{project.pk}"):
        assert not any(secret.encode() in store.in_place(key).read_bytes() for secret in scans.SECRETS), key
    assert not any(secret in caplog.text for secret in scans.SECRETS)
    assert "20 × 18 × 16 voxels of 1 × 1 × 1 mm" in page()
    assert f"/sources/{source.pk}/thumbnail" in page()


def test_what_is_no_scan_after_all_is_refused_in_a_sentence(project, tmp_path):
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8b" + bytes(900))
    source = uploaded(project, tmp_path / "broken.nii.gz")
    assert source.state == "refused"
    assert "breaks off" in source.refusal


def test_a_name_is_in_no_log_where_the_store_fails_either(project, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    source = source_in(project, NAME, state="uploading", stored_bytes=84_000_000)

    class Broken:
        def __getattr__(self, name):
            raise Unreachable("no answer")

    with pytest.raises(uploads.Refused, match="DOE"), uploads.store_in_words(source.name):
        Broken().anything  # noqa: B018
    Source.objects.update(heard_at="2000-01-01T00:00Z")
    assert left_uploads.complete(tools()) == 0, "none of its bytes are there"
    assert "could not be completed" in caplog.text
    assert "DOE" not in caplog.text


def test_it_is_offered_where_it_is_taken_and_nowhere_else(project, scan, page):
    clip = source_in(project, "beach.mov")
    here = page()
    assert f'value="add:{clip.pk}"' in here
    assert f'value="add:{scan.pk}"' not in here
    assert f"/projects/{project.pk}/exports/new/mri_mesh" in here
    assert ".nii.gz" in here, "the picker of files knows it"
    assert str(scan.pk) in page("/exports/new/mri_mesh")
    assert str(clip.pk) not in page("/exports/new/mri_mesh")
    assert str(scan.pk) not in page("/exports/new/framing_ai")


def test_a_film_takes_no_scan_however_it_is_asked(project, scan, owner, signed_in):
    browser = signed_in(owner)
    answer = browser.post(f"/projects/{project.pk}/film", {"do": f"add:{scan.pk}"})
    assert "is no footage" in answer.content.decode()
    assert project.clips.count() == 0
    with pytest.raises(Unplannable, match="expected a clip"):
        kinds.get("framing_ai").plan(project, {"footage": str(scan.pk)})
    (clip,) = film_of(project, "late.mov")
    Source.objects.filter(pk=clip.source_id).update(facts=FACTS)  # called a film, and found to be none
    with pytest.raises(Unplannable, match=r"late\.mov is no footage"):
        kinds.get("multi_clip").plan(project, {})


@pytest.mark.parametrize("kind", ["assembly", "edl"])
def test_nor_does_a_story(project, scan, page, kind):
    (clip,) = film_of(project, "late.mov")
    here = page(f"/exports/new/{kind}")
    assert str(clip.source_id) in here
    assert str(scan.pk) not in here
    with pytest.raises(Unplannable, match=r"Shot 1: DOE\^JANE\.nii\.gz is no footage\. Choose a clip"):
        kinds.get(kind).plan(project, {"rate": "25", "shots": [{"source": str(scan.pk)}]})


def test_slices_that_were_uploaded_one_by_one_are_one_series(project, scan, page):
    found = [slice_in(project, number=number) for number in range(6)]
    slice_in(project, "another", 9)
    assert KIND.plan(project, {"scan": "series:5e12"})["scans"] == [str(each.pk) for each in found]
    assert KIND.plan(project, {"scan": str(scan.pk)})["scans"] == [str(scan.pk)]
    assert "Series of 6 slices" in page("/exports/new/mri_mesh")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "expected one that is in the project"),
        ({"scan": "series:nowhere"}, "at least 4 slices, got 0"),
        ({"classes": "7"}, "Classes: expected one of 1, 2, 3"),
        ({"smoothing": "9"}, "Smoothing: expected"),
        ({"detail": "all"}, "Detail: expected"),
    ],
)
def test_what_cannot_be_made_is_said(project, options, said):
    with pytest.raises(Unplannable, match=said):
        KIND.plan(project, options)


def test_one_slice_alone_is_no_scan(project):
    lone = slice_in(project)
    with pytest.raises(Unplannable, match="is one slice"):
        KIND.plan(project, {"scan": str(lone.pk)})


def test_what_is_put_in_the_store_for_the_work_has_no_name_of_a_file(project, scan):
    export = Export.request(project, kind="mri_mesh", options={"scan": str(scan.pk)})
    told = KIND.spec(export)
    assert "DOE" not in str(told)
    assert (told["volume"]["slices"], told["volume"]["triangles"]) == (50, 60_000)
    assert export.job.pipeline == "mri_mesh@1"


def test_that_it_is_no_medical_device_is_read_where_it_is_asked_for_and_where_it_is_made(
    project, scan, page, owner, signed_in
):
    assert "This is not a medical device." in page("/exports/new/mri_mesh")
    export = Export.request(project, kind="mri_mesh", options={"scan": str(scan.pk)})
    assert "This is not a medical device." in signed_in(owner).get(f"/exports/{export.pk}/").content.decode()
    assert "medical" not in page("/exports/new/framing_ai")


def test_the_words_are_those_of_the_bar(project, scan):
    assert KIND.pipeline.title == "Processing your MRI..."
    at_45 = next(stage for stage in KIND.pipeline.stages if stage.start <= 45 < stage.end)
    assert (at_45.label, at_45.unit) == ("Generating meshes", "slabs")


def test_without_its_libraries_it_says_what_it_needs_and_takes_nothing(project, scan, page, monkeypatch):
    """Also where the work would be done elsewhere: the look at an upload is always here."""
    lacking = "the Python packages nibabel, pydicom"
    monkeypatch.setattr(type(KIND), "lacks", lambda self: lacking)
    here = page("/exports/new/mri_mesh")
    assert "Not available on this site." in here
    assert 'name="do" value="export" disabled' in here
    with pytest.raises(Unplannable, match="nibabel"):
        Export.request(project, kind="mri_mesh", options={"scan": str(scan.pk)})


def test_the_sort_of_what_is_still_coming_is_known_by_its_name(project):
    coming = source_in(project, "head.nii.gz", state="uploading", facts={})
    assert (coming.sort, source_in(project, "x.mov", state="uploading", facts={}).sort) == ("scan", "footage")
    assert KIND.plan(project, {"scan": str(coming.pk)})["scans"] == [str(coming.pk)]
