"""Meshes of a scan, end to end in this process: read by another reader, in millimetres, and without names."""

import io
import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from modal_functions.kinds import mri_mesh
from modal_functions.media import child
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
    """What is worked on, once files have been looked at as they are when they come."""

    def looked_at(*paths, **asked):
        sources = []
        for number, path in enumerate(paths):
            clean = tmp_path / f"clean-{number}"
            child.run({"do": "mri_mesh.look", "path": str(path), "to": str(clean)})
            sources.append(bench.store.put_file(f"projects/p/sources/{path.name.replace('.', '-')}/original", clean))
        volume = {"sources": [{"source": each.key, "sha256": each.sha256} for each in sources], "slices": SIZE[2]}
        told = [{"key": each.key, "name": "The scan", "bytes": each.bytes} for each in sources]
        return {"chunks": "projects/p/chunks", "sources": told, "volume": volume | ASKED | asked}

    return looked_at


def files_of(bench, result):
    return {each["name"]: bench.store.in_place(each["key"]).read_bytes() for each in result["files"]}


def read(files, name="class-1"):
    """By trimesh: the mesh of the STL, and that of the GLB as it lies in its scene."""
    stl = trimesh.load(io.BytesIO(files[f"{name}.stl"]), file_type="stl")
    glb = trimesh.load(io.BytesIO(files[f"{name}.glb"]), file_type="glb").to_geometry()
    return stl, glb


@pytest.fixture(scope="module")
def tilted():
    spacing = (1.2, 0.9, 1.1)
    values = scans.ellipsoid(SIZE, spacing=spacing, radii=RADII)
    return values, scans.oblique(spacing), scans.volume_of(RADII)


def test_another_reader_finds_a_closed_surface_of_the_right_size_at_the_right_place(bench, scan, tilted, tmp_path):
    values, affine, volume = tilted
    result = bench.do(mri_mesh, scan(scans.nifti(tmp_path / "a.nii.gz", values, affine)))
    files = files_of(bench, result)
    stl, glb = read(files)
    assert stl.is_watertight
    assert glb.is_watertight
    assert stl.volume == pytest.approx(volume, rel=0.04), "cubic millimetres, and facing outwards"
    assert glb.volume == pytest.approx(stl.volume / 1e9, rel=1e-3), "glTF counts in metres"
    middle = affine @ [*((np.array(SIZE) - 1) / 2), 1]
    assert stl.center_mass == pytest.approx(middle[:3], abs=0.3)
    assert len(stl.faces) == 3000 == result["files"][1]["facts"]["triangles"]
    assert result["files"][1]["label"] == "Tissue class 1: STL, 3,000 triangles, watertight"
    picture = Image.open(io.BytesIO(files["class-1.png"]))
    assert (picture.format, picture.size) == ("PNG", (480, 480))
    assert len(picture.getcolors(1 << 20)) > 50, "something is drawn, in light and shade"


def test_a_mirrored_volume_faces_outwards_too_and_lengths_are_taken_as_they_are_told(bench, scan, tmp_path):
    values, micrometres = scans.ellipsoid(SIZE, radii=RADII), scans.oblique(mirrored=True)
    micrometres[:3] *= 1000
    path = scans.nifti(tmp_path / "mirrored.nii", values, micrometres, at123=b"\3")
    stl, _ = read(files_of(bench, bench.do(mri_mesh, scan(path))))
    assert stl.is_watertight
    assert stl.volume == pytest.approx(scans.volume_of(RADII), rel=0.04)


def test_a_series_in_any_order_gives_the_same_geometry_packed_or_file_by_file(bench, scan, tilted, tmp_path):
    values, affine, volume = tilted
    bodies = scans.slices(values, affine)
    packed = bench.do(mri_mesh, scan(scans.archive(tmp_path / "series.zip", bodies)))
    alone = [tmp_path / f"IM{number}.dcm" for number in range(len(bodies))]
    for path, body in zip(alone, bodies, strict=True):
        path.write_bytes(body)
    single = bench.do(mri_mesh, scan(*alone))
    (one, _), (other, _) = read(files_of(bench, packed)), read(files_of(bench, single))
    assert one.is_watertight
    assert one.volume == pytest.approx(volume, rel=0.04)
    assert one.bounds == pytest.approx(other.bounds, abs=0.01)
    middle = affine @ [*((np.array(SIZE) - 1) / 2), 1]
    assert one.center_mass == pytest.approx(middle[:3], abs=0.3)


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


def test_nothing_is_done_twice_and_another_wish_does_anew_only_what_it_changes(bench, scan, tmp_path):
    bench.forget()
    spec = scan(scans.nifti(tmp_path / "kept.nii", scans.ellipsoid(SIZE, radii=RADII, noise=0)))
    first, second = bench.do(mri_mesh, spec), bench.do(mri_mesh, spec)
    assert (first["rendered"], second["rendered"]) == (8, 0)
    assert first["sha256"] == second["sha256"]
    finer = bench.do(mri_mesh, {**spec, "volume": spec["volume"] | {"triangles": 500}})
    assert (finer["rendered"], finer["files"][1]["facts"]["triangles"]) == (0, 500)


def test_no_name_is_in_any_object_of_the_store(bench, scan, tmp_path):
    """Neither in what is kept of the upload, nor in what is made of it."""
    import gzip
    import zlib

    nifti, series = scans.nifti(tmp_path / "DOE^JANE.nii.gz"), scans.slices()
    lone = tmp_path / "lone.dcm"
    lone.write_bytes(series[0])
    spec = scan(nifti, scans.archive(tmp_path / "s.zip", series), lone)
    spec["volume"]["sources"] = spec["volume"]["sources"][:1]
    assert "files" in bench.do(mri_mesh, spec)
    looked = 0
    for key in bench.store.keys("projects"):
        body = bench.store.in_place(key).read_bytes()
        if body[:2] == b"\x1f\x8b":
            assert body[3] & 0b11000 == 0, "its wrapping says no name and no note"
            body += gzip.decompress(body)
        for secret in scans.SECRETS:
            assert secret.encode() not in body, (key, secret)
        looked += 1
    assert looked > 10
    assert all(secret.encode() in zlib.decompress(nifti.read_bytes(), 31) + series[0] for secret in scans.SECRETS)


def test_what_no_machine_could_have_asked_for_is_refused(bench, scan, tmp_path):
    spec = scan(scans.nifti(tmp_path / "a.nii", scans.ellipsoid(SIZE, radii=RADII)))
    for wrong in ({"classes": 9}, {"smoothing": "much"}, {"sources": []}):
        outcome = bench.do(mri_mesh, {**spec, "volume": spec["volume"] | wrong})
        assert (outcome["ending"], outcome["code"]) == ("error", "unsupported"), json.dumps(wrong)


def test_a_scan_in_which_nothing_stands_out_says_so(bench, scan, tmp_path):
    flat = bench.do(mri_mesh, scan(scans.nifti(tmp_path / "flat.nii", np.full(SIZE, 7, np.int16))))
    assert flat["sentence"] == "All voxels of this volume have the same value, so there is nothing to see."
