"""Meshes of a scan, end to end in this process: read by another reader, in millimetres, and without names."""

import gzip
import io
import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from modal_functions.kinds import mri_mesh
from modal_functions.volume import looking
from tests.modal_functions.kinds.conftest import Bench
from tests.modal_functions.volume import scans

RADII = (10.0, 9.0, 12.0)
SIZE = (28, 24, 32)
ASKED = {"classes": 1, "smoothing": 0.0, "triangles": 3000}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def scan(bench, tmp_path):
    return lambda path, **asked: looked_at(bench, path, tmp_path, **asked)


def looked_at(bench, path, folder, **asked):
    """What is worked on, once a file was looked at as files are when they come."""
    looking.look(path, folder / "clean")
    stored = bench.store.put_file(f"projects/p/sources/{path.name.partition('.')[0]}/original", folder / "clean")
    volume = {"sources": [{"source": stored.key, "sha256": stored.sha256}], "slices": SIZE[2], **ASKED, **asked}
    told = {"key": stored.key, "name": "The scan", "bytes": stored.bytes}
    return {"chunks": "projects/p/chunks", "sources": [told], "volume": volume}


def files_of(bench, result):
    return {each["name"]: bench.store.in_place(each["key"]).read_bytes() for each in result["files"]}


def read(files, name="class-1"):
    """By trimesh: the mesh of the STL, and that of the GLB as it lies in its scene."""
    stl = trimesh.load(io.BytesIO(files[f"{name}.stl"]), file_type="stl")
    glb = trimesh.load(io.BytesIO(files[f"{name}.glb"]), file_type="glb").to_geometry()
    return stl, glb


SPACING = (1.2, 0.9, 1.1)


@pytest.fixture(scope="module")
def made(bench, tmp_path_factory):
    """An ellipsoid, aslant, of a patient whose name is written wherever there is room; and how it was asked for."""
    folder = tmp_path_factory.mktemp("scan")
    values = scans.ellipsoid(SIZE, spacing=SPACING, radii=RADII)
    path = scans.nifti(folder / "patient.nii.gz", values, scans.oblique(SPACING))
    spec = looked_at(bench, path, folder)
    return spec, bench.do(mri_mesh, spec)


def test_another_reader_finds_a_closed_surface_of_the_right_size_at_the_right_place(bench, made):
    _, result = made
    files = files_of(bench, result)
    stl, glb = read(files)
    assert stl.is_watertight
    assert glb.is_watertight
    assert stl.volume == pytest.approx(scans.volume_of(RADII), rel=0.04), "cubic millimetres, and facing outwards"
    assert glb.volume == pytest.approx(stl.volume / 1e9, rel=1e-3), "glTF counts in metres"
    middle = scans.oblique(SPACING) @ [*((np.array(SIZE) - 1) / 2), 1]
    assert stl.center_mass == pytest.approx(middle[:3], abs=0.3)
    assert len(stl.faces) == 3000 == result["files"][1]["facts"]["triangles"]
    assert result["files"][1]["label"] == "Tissue class 1: STL, 3,000 triangles, watertight"
    picture = Image.open(io.BytesIO(files["class-1.png"]))
    assert (picture.format, picture.size) == ("PNG", (480, 480))
    assert len(picture.getcolors(1 << 20)) > 50, "something is drawn, in light and shade"


def test_nothing_is_done_twice_and_another_wish_does_anew_only_what_it_changes(bench, made):
    spec, first = made
    second = bench.do(mri_mesh, spec)
    assert (first["rendered"], second["rendered"], first["chunks"]) == (8, 0, 8)
    assert first["sha256"] == second["sha256"], "the same files, to the byte"
    finer = bench.do(mri_mesh, {**spec, "volume": spec["volume"] | {"triangles": 500}})
    assert (finer["rendered"], finer["files"][1]["facts"]["triangles"]) == (0, 500)


def test_a_kept_piece_that_is_damaged_is_thrown_away_and_made_anew_by_whoever_tries_again(bench, made):
    spec, whole = made
    damaged = next(key for key in bench.store.keys("projects/p/chunks") if key.endswith("-m1-0001.npz"))
    bench.store.put(damaged, b"")
    outcome = bench.do(mri_mesh, spec)
    assert (outcome["code"], outcome["sentence"]) == ("result_invalid", "A part that was finished before is damaged.")
    assert bench.store.size(damaged) is None
    assert bench.do(mri_mesh, spec)["sha256"] == whole["sha256"]


@pytest.mark.usefixtures("made")
def test_no_name_is_in_any_object_of_the_store(bench):
    """Neither in what is kept of the upload, nor in what is made of it."""
    looked = 0
    for key in bench.store.keys("projects"):
        body = bench.store.in_place(key).read_bytes()
        if body[:2] == b"\x1f\x8b":
            assert body[3] == 0, "its packing says no name and no note"
            body += gzip.decompress(body)
        assert [secret for secret in scans.SECRETS if secret.encode() in body] == [], key
        looked += 1
    assert looked > 8


def test_classes_are_told_apart_and_specks_are_left_out(bench, scan, tmp_path):
    values = scans.ellipsoid((40, 36, 32), radii=(15, 13, 11), bright=0.7, noise=0)
    values[1:3, 1:3, 1:3] = scans.BRIGHT
    result = bench.do(mri_mesh, scan(scans.nifti(tmp_path / "two.nii", values), classes=2))
    files = files_of(bench, result)
    whole = scans.volume_of((15, 13, 11))
    bright, shell = read(files, "class-2")[0], read(files, "class-1")[0]
    assert bright.volume == pytest.approx(whole * 0.7**3, rel=0.05)
    assert shell.volume == pytest.approx(whole * (1 - 0.7**3), rel=0.05)
    assert (bright.body_count, shell.body_count) == (1, 2), "the shell has an outer side and an inner one"
    assert [each["name"] for each in result["files"]][::3] == ["class-1.png", "class-2.png"]


def test_what_no_machine_could_have_asked_for_is_refused(bench, scan, tmp_path):
    spec = scan(scans.nifti(tmp_path / "a.nii", scans.ellipsoid(SIZE, radii=RADII)))
    for wrong in ({"classes": 9}, {"smoothing": "much"}, {"sources": []}):
        outcome = bench.do(mri_mesh, {**spec, "volume": spec["volume"] | wrong})
        assert (outcome["ending"], outcome["code"]) == ("error", "unsupported"), json.dumps(wrong)


def test_a_scan_in_which_nothing_stands_out_says_so(bench, scan, tmp_path):
    flat = bench.do(mri_mesh, scan(scans.nifti(tmp_path / "flat.nii", np.full(SIZE, 7, np.int16))))
    assert flat["sentence"] == "All voxels of this volume have the same value, so there is nothing to see."
