"""Where voxels lie, and the surfaces between them: the same whatever a scan came as, and closed whatever its shape."""

import numpy as np
import pytest
from PIL import Image

from modal_functions.volume import dicom, looking, mesh, portrait, sizes, surface, threshold, work
from modal_functions.volume.threshold import Histogram
from tests.modal_functions.volume import scans

SIZE = (14, 12, 20)
SPACING = (1.2, 0.9, 1.5)


@pytest.fixture
def values():
    return scans.ellipsoid(SIZE, spacing=SPACING, radii=(6, 4, 11))


def meshed(inside, affine=None):
    """Of voxels along x, y, z: slab by slab, as the work does it."""
    mask, surfaces = inside.T, []
    for slab in sizes.slabs(inside.shape):
        first, last = surface.planes_of(slab, inside.shape)
        planes = range(first - surface.REACH, last + 1 + surface.REACH)
        empty = np.zeros(mask.shape[1:], bool)
        block = np.stack([mask[at] if 0 <= at < len(mask) else empty for at in planes])
        surfaces.append(surface.surface(block, first, inside.shape))
    return mesh.joined(surfaces, np.eye(4) if affine is None else affine)


def test_a_series_lies_where_its_volume_lies_in_whatever_order_it_comes(values, tmp_path):
    affine = scans.oblique(SPACING)
    bodies = scans.slices(values, affine)
    alone = [tmp_path / f"IM{number}" for number in range(len(bodies))]
    for path, body in zip(alone, bodies, strict=True):
        dicom.strip(body, path)
    looking.look(scans.archive(tmp_path / "series.zip", bodies), tmp_path / "packed")
    for paths in (alone, [tmp_path / "packed"]):
        stack = looking.opened(paths)
        assert stack.shape == SIZE
        assert stack.affine == pytest.approx(affine, abs=1e-3)
        read = np.stack(list(stack.slices())).T
        assert read == pytest.approx(values * 2.0 - 10), "as its slope and its intercept say"


@pytest.mark.parametrize(("code", "times"), [(b"\3", 1000), (b"\1", 0.001), (b"\2", 1), (b"\0", 1)])
def test_lengths_are_taken_in_the_unit_that_is_told(values, tmp_path, code, times):
    affine = scans.oblique(SPACING, mirrored=True)
    told = affine.copy()
    told[:3] *= times
    path = scans.nifti(tmp_path / "told.nii", values, told, at123=code)
    assert looking.opened([path]).affine == pytest.approx(affine, abs=1e-4)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_surface_faces_outwards_also_where_the_volume_is_mirrored(values, mirrored):
    made = meshed(values > 50, scans.oblique(SPACING, mirrored=mirrored))
    assert made.closed
    assert made.volume == pytest.approx(scans.volume_of((6, 4, 11)), rel=0.1)


def test_whatever_the_shape_the_surface_is_closed_across_slabs_and_at_the_edges():
    rng = np.random.default_rng(11)
    for filled in (0.3, 0.5, 0.9, 1.0):
        made = meshed(rng.random((9, 7, 21)) < filled)
        assert made.closed, f"{filled:.0%} of the voxels, at random"
        assert made.volume > 0


def test_smoothing_takes_the_steps_away_and_leaves_the_size(values):
    rough = meshed(values > 50, np.diag([*SPACING, 1]))
    smooth = mesh.smoothed(rough)
    assert smooth.closed
    assert smooth.volume == pytest.approx(rough.volume, rel=0.02)

    def uneven(found):
        middle = (np.array(SIZE) - 1) / 2 * SPACING
        return np.linalg.norm((found.points - middle) / (6, 4, 11), axis=1).std()

    assert uneven(smooth) < uneven(rough)


@pytest.mark.parametrize("wished", [2000, 300, 60])
def test_simplified_it_stays_closed(values, wished):
    made = meshed(values > 50)
    simple = mesh.simplified(made, wished)
    assert simple.closed
    assert len(simple.triangles) <= 4 * wished
    assert simple.volume == pytest.approx(made.volume, rel=0.1)
    assert mesh.simplified(made, 10**9) is made


def test_tissue_too_thin_for_a_surface_is_passed_over(values, tmp_path):
    """A class may be there in voxels and enclose nothing."""
    whole = surface.surface(values > 50, 0, values.shape[::-1])
    none = surface.surface(np.zeros_like(values, bool), 0, values.shape[::-1])
    for name, made in (("whole", whole), ("none", none)):
        np.savez(tmp_path / f"{name}.npz", keys=made.keys, points=made.points, triangles=made.triangles)
    labels = [
        {"label": label, "name": name, "paths": [str(tmp_path / f"{name}.npz")]}
        for label, name in enumerate(("none", "whole"), 1)
    ]
    heard = []
    request = {"labels": labels, "affine": np.eye(4).tolist(), "triangles": 500, "folder": str(tmp_path)}
    work.finish(request, heard.append)
    assert [each["ready"] for each in heard if "ready" in each] == [2]
    assert heard[-1]["steps"] == 2 * work.STEPS
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".npz"} == {
        "whole.stl",
        "whole.glb",
        "whole.png",
    }


def test_a_mesh_with_a_hole_is_not_called_closed(values):
    whole = meshed(values > 50)
    assert not mesh.Mesh(points=whole.points, triangles=whole.triangles[1:]).closed
    turned = np.concatenate([whole.triangles[:1, ::-1], whole.triangles[1:]])
    assert not mesh.Mesh(points=whole.points, triangles=turned).closed


def test_a_picture_shows_the_side_that_faces_the_viewer(tmp_path):
    """What is inside a shell is not seen."""
    values = scans.ellipsoid((20, 18, 16), radii=(8, 7, 6), bright=0.5, noise=0)
    for name, inside in (("shell", (values > 50) & (values < 200)), ("solid", values > 50)):
        portrait.draw(meshed(inside), (214, 190, 170), tmp_path / name)
    shell, solid = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("shell", "solid"))
    assert (np.abs(shell - solid).max(axis=2) > 20).mean() < 0.01


def test_brightness_is_cut_in_the_gaps():
    counts = np.zeros(300, np.int64)
    counts[0:10], counts[100:110], counts[250:260] = 500, 90, 40
    histogram = Histogram(low=0.0, high=300.0, counts=counts)
    assert threshold.cuts(histogram, 1)[0] == pytest.approx(55.0, abs=1)
    assert threshold.cuts(histogram, 2) == pytest.approx([55.0, 180.0], abs=1)


def test_pieces_that_touch_across_slabs_are_one_and_specks_go(tmp_path):
    values = np.zeros((24, 12, 12), np.float32)
    values[2:22, 3:9, 3:9] = 100  # through three slabs
    values[6:9, 0, 0] = 100
    paths = []
    for slab in sizes.slabs((12, 12, 24)):
        paths.append(tmp_path / f"{slab.number}.npz")
        threshold.pieces(values[slab.first : slab.last], slab, [50.0], 0.0, paths[-1])
    assert len(paths) == 3
    assert threshold.joined(paths, 1, tmp_path / "labels.npz") == {"voxels": [20 * 36]}
