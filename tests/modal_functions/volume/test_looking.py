"""What is brought as a scan: whatever it is, it is looked at or refused in a sentence, and the looker lives."""

import gzip
import io
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from modal_functions.media.errors import MediaError
from modal_functions.volume import looking
from modal_functions.volume.stack import check_affine
from tests.modal_functions.volume import scans

SIZE = (12, 10, 8)


@pytest.fixture
def values():
    return scans.ellipsoid(SIZE, radii=(4, 4, 3))


def looked_at(path):
    return looking.look(path, path.with_name("clean"))


def test_a_volume_is_told_with_a_picture_and_kept_as_it_was(values, tmp_path):
    import base64

    import nibabel

    affine = scans.oblique((1.0, 2.0, 3.0))
    found = looked_at(scans.nifti(tmp_path / "a.nii.gz", values, affine))
    assert found["facts"] == {"shape": list(SIZE), "spacing": [1.0, 2.0, 3.0]}
    assert Image.open(io.BytesIO(base64.b64decode(found["jpeg"]))).size == (320, 180)
    kept = nibabel.Nifti1Image.from_bytes(gzip.decompress((tmp_path / "clean").read_bytes()))
    assert np.array_equal(kept.get_fdata(), values)
    assert kept.affine == pytest.approx(affine, abs=1e-4)


def test_what_is_kept_is_the_same_however_often_it_is_looked_at(values, tmp_path):
    looked_at(scans.nifti(tmp_path / "a.nii.gz", values))
    once = (tmp_path / "clean").read_bytes()
    (tmp_path / "again.nii.gz").write_bytes(once)
    looked_at(tmp_path / "again.nii.gz")
    assert (tmp_path / "clean").read_bytes() == once


@pytest.mark.parametrize("offset", [float("nan"), float("inf")])
def test_voxels_that_begin_nowhere_are_refused_in_words(values, tmp_path, offset):
    path = scans.nifti(tmp_path / "a.nii", values, at108=struct.pack("<f", offset))
    with pytest.raises(MediaError, match=r"^The voxels of this volume should begin at a place that is no number\.$"):
        looked_at(path)


def with_element(body, tag, form, value):
    """The slice with that element as these bytes, whatever sort they are said to be of."""
    at = body.index(tag)
    length = struct.unpack("<H", body[at + 6 : at + 8])[0]
    return body[:at] + tag + form + struct.pack("<H", len(value)) + value + body[at + 8 + length :]


@pytest.mark.parametrize(
    "tag",
    [b"\x20\x00\x13\x00", b"\x08\x00\x60\x00", b"\x28\x00\x04\x00", b"\x08\x00\x16\x00"],
    ids=["InstanceNumber", "Modality", "PhotometricInterpretation", "SOPClassUID"],
)
def test_no_name_hides_in_a_field_that_is_kept(values, tmp_path, tag):
    (tmp_path / "one.dcm").write_bytes(with_element(scans.slices(values)[0], tag, b"LO", b"DOE^JANE"))
    with suppress(MediaError):
        looked_at(tmp_path / "one.dcm")
    clean = tmp_path / "clean"
    assert not clean.exists() or b"DOE^JANE" not in clean.read_bytes()


@pytest.mark.filterwarnings("ignore:The pixel data")
def test_nor_behind_the_picture(values, tmp_path):
    import pydicom

    found = pydicom.dcmread(io.BytesIO(scans.slices(values)[0]))
    found.PixelData += b"DOE^JANE"
    found.save_as(tmp_path / "one.dcm")
    looked_at(tmp_path / "one.dcm")
    assert b"DOE^JANE" not in (tmp_path / "clean").read_bytes()
    assert np.array_equal(pydicom.dcmread(tmp_path / "clean").pixel_array, found.pixel_array)


def test_a_number_that_is_none_is_a_sentence_also_where_nothing_needs_it(values, tmp_path):
    body = scans.slices(values, SliceThickness="1.5")[0]
    (tmp_path / "one.dcm").write_bytes(with_element(body, b"\x18\x00\x50\x00", b"DS", b"DOE^JANE"))
    with pytest.raises(MediaError, match="damaged"):
        looked_at(tmp_path / "one.dcm")


def test_an_archive_of_which_a_part_is_missing_is_a_sentence(values, tmp_path):
    """What its directory says then points to before the file's beginning."""
    whole = scans.archive(tmp_path / "whole.zip", scans.slices(values)).read_bytes()
    (tmp_path / "part.zip").write_bytes(whole[:40] + whole[1200:])
    with pytest.raises(MediaError, match="archive is damaged"):
        looked_at(tmp_path / "part.zip")


def test_steps_beyond_all_measure_are_told_as_such(values, tmp_path):
    affine = np.diag([1.5, 1e200, 1e200, 1.0])
    with pytest.raises(MediaError, match=r"1\.5 × over 100 × over 100 mm apart"):
        check_affine(affine)


@pytest.mark.parametrize(("wrong", "said"), [((0, 1), "1 × 0"), ((1, -2), "-2 × 1"), ((1, 1e9), "over 100 × 1")])
def test_pixels_of_a_slice_that_lie_nowhere_or_worlds_apart_are_refused_in_words(values, tmp_path, wrong, said):
    body = scans.slices(values, PixelSpacing=list(wrong))[0]
    with pytest.raises(MediaError, match=rf"^The pixels of a slice of this series are {said} mm apart; expected"):
        looked_at(changed(tmp_path / "one.dcm", body))


def test_a_slice_keeps_its_picture_and_its_place_only(values, tmp_path):
    import pydicom

    path = tmp_path / "one.dcm"
    path.write_bytes(scans.slices(values)[0])
    found = looked_at(path)
    assert found["facts"]["shape"] == [12, 10, 1]
    was, kept = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "clean")
    assert np.array_equal(kept.pixel_array, was.pixel_array)
    assert kept.ImagePositionPatient == was.ImagePositionPatient
    assert kept.SeriesInstanceUID != was.SeriesInstanceUID
    named = {"PatientName", "PatientID", "PatientBirthDate", "InstitutionName", "ReferringPhysicianName"}
    assert not named & {element.keyword for element in kept}
    assert not any(element.tag.is_private for element in kept)


def changed(path, body):
    path.write_bytes(body)
    return path


def header(values, tmp_path, *patches):
    """A volume whose header says something else at these places."""
    body = bytearray(scans.nifti(tmp_path / "plain.nii", values).read_bytes())
    for place, form, *numbers in patches:
        struct.pack_into(form, body, place, *numbers)
    return bytes(body)


DIM, PIXDIM, KIND, OFFSET, SFORM, QFORM = 40, 76, 70, 108, 254, 252
HOSTILE = {
    "empty": (lambda v, t: b"", "no volume that can be read"),
    "text": (lambda v, t: b"a note" * 200, "no volume that can be read"),
    "bomb": (lambda v, t: header(v, t, (DIM, "<4h", 3, 32767, 32767, 32767)), "32767 × 32767 × 32767 voxels"),
    "packed bomb": (
        lambda v, t: gzip.compress(header(v, t, (DIM, "<4h", 3, 30000, 30000, 4)) + bytes(1 << 22)),
        "expected at most",
    ),
    "below zero": (lambda v, t: header(v, t, (DIM, "<4h", 3, -9, 10, 8)), "-9 × 10 × 8 voxels"),
    "film": (lambda v, t: header(v, t, (DIM, "<5h", 4, 12, 10, 4, 2)), "several volumes (12 × 10 × 4 × 2)"),
    "flat": (lambda v, t: header(v, t, (DIM, "<3h", 2, 12, 80)), "2 dimensions"),
    "no size": (
        lambda v, t: header(v, t, (PIXDIM + 4, "<3f", 0, 0, 0), (SFORM, "<h", 0), (QFORM, "<h", 0)),
        "0 × 0 × 0 apart",
    ),
    "no room": (lambda v, t: header(v, t, (280, "<12f", *[0.0] * 12)), "0 × 0 × 0 mm apart"),
    "nowhere": (lambda v, t: header(v, t, (280, "<f", float("nan"))), "not said in numbers"),
    "colour": (lambda v, t: header(v, t, (KIND, "<h", 128)), "of sort 128"),
    "far away": (lambda v, t: header(v, t, (OFFSET, "<f", 1e12)), "should begin at byte"),
    "cut off": (lambda v, t: header(v, t)[:-500], "breaks off in the middle"),
    "packed and cut off": (lambda v, t: gzip.compress(header(v, t))[:-200], "breaks off in the middle"),
    "packed and damaged": (lambda v, t: gzip.compress(header(v, t))[:60] + bytes(90), "breaks off|no volume"),
    "header only": (lambda v, t: header(v, t)[:352], "breaks off in the middle"),
    "a pair": (lambda v, t: header(v, t, (344, "4s", b"ni1\0")), "without its numbers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_with_a_volume_is_said(name, values, tmp_path):
    make, said = HOSTILE[name]
    path = changed(tmp_path / "hostile.nii", make(values, tmp_path))
    with pytest.raises(MediaError, match=said.replace("(", r"\(").replace(")", r"\)")):
        looked_at(path)


def test_voxels_that_are_no_numbers_are_counted(tmp_path):
    holes = scans.ellipsoid(SIZE).astype(np.float32)
    holes[3, 3, 2:4] = np.nan
    with pytest.raises(MediaError, match="1 voxels of slice 3 hold no number"):
        looked_at(scans.nifti(tmp_path / "nan.nii", holes))


def zipped(path, files, **more):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return path


def series(values, **more):
    return {f"{number}": body for number, body in enumerate(scans.slices(values, **more))}


def without(values, *gone):
    """Slices are missing, as if somebody had not copied them; their files are in no order."""
    placed = sorted(scans.slices(values), key=lambda body: looking.dicom.described(body).position[2])
    return {str(number): body for number, body in enumerate(placed) if number not in gone}


def twice(values):
    files = without(values)
    return {**files, "twice": files["3"]}


MIXED = {
    "nothing in it": (lambda v: {}, "no volume that can be read"),
    "only notes": (lambda v: {"note.txt": b"hello"}, "no DICOM slice"),
    "two series": (lambda v: {**series(v), "x": scans.slices(v)[0]}, "slices of 2 series"),
    "a slice missing": (lambda v: without(v, 3), "not evenly spaced"),
    "one slice": (lambda v: {"a": scans.slices(v)[0]}, "1 slice"),
    "one slice twice": (twice, "same place"),
    "no place": (lambda v: series(v, ImagePositionPatient=None), "where it lies"),
    "several pictures": (lambda v: series(v, NumberOfFrames=3), "holds 3 pictures"),
    "colour": (lambda v: series(v, SamplesPerPixel=3), "in colour"),
    "names in the picture": (lambda v: series(v, BurnedInAnnotation="YES"), "writing in its pictures"),
    "a picture too short": (lambda v: series(v, PixelData=b"\0\0"), "damaged"),
    "huge": (lambda v: series(v, Rows=40000, Columns=40000), "40000 × 40000 pixels"),
}


@pytest.mark.parametrize("name", MIXED)
def test_what_is_no_series_is_said(name, values, tmp_path):
    make, said = MIXED[name]
    with pytest.raises(MediaError, match=said):
        looked_at(zipped(tmp_path / "series.zip", make(values)))


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(values, tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"a": bytes((64 << 20) + 1)})
    assert path.stat().st_size < 1 << 17
    with pytest.raises(MediaError, match="unpacks to 64 MB"):
        looked_at(path)


def test_an_archive_that_lies_about_its_sizes_is_damaged(values, tmp_path):
    body = bytearray(zipped(tmp_path / "lies.zip", series(values)).read_bytes())
    at = body.rindex(b"PK\x01\x02")
    struct.pack_into("<I", body, at + 24, 50)
    with pytest.raises(MediaError, match="damaged"):
        looked_at(changed(tmp_path / "lies.zip", bytes(body)))


def test_a_path_in_an_archive_leads_nowhere(values, tmp_path):
    path = scans.archive(tmp_path / "s.zip", scans.slices(values))
    before = set(tmp_path.parent.rglob("*"))
    looked_at(path)
    assert {each.name for each in set(tmp_path.parent.rglob("*")) - before} == {"clean"}
