# ruff: noqa: PLC0415 - numpy and Pillow are imported only where they are used
"""A picture of a mesh: its triangles from the farthest to the nearest, each as light as it faces the lamp."""

from pathlib import Path

from modal_functions.volume.mesh import Mesh

SIDE = 480
FINER = 2  # drawn larger, then made smaller, so that edges are smooth
MARGIN = 0.06
BACKGROUND = (24, 27, 33)
DIMMEST = 0.25


def draw(mesh: Mesh, colour: tuple[int, int, int], path: Path) -> None:
    """From the front, a little from the left and from above."""
    import numpy as np
    from PIL import Image, ImageDraw

    right = np.array([np.cos(0.6), np.sin(0.6), 0.0])
    away = np.array([-np.sin(0.6) * np.cos(0.35), np.cos(0.6) * np.cos(0.35), -np.sin(0.35)])
    up = np.cross(right, away)
    seen = mesh.points @ np.stack([right, up, away], axis=1)
    low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
    side = SIDE * FINER
    scale = side * (1 - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    flat = (seen[:, :2] - (low + high) / 2) * scale * np.array([1, -1]) + side / 2
    corners = seen[mesh.triangles]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 1] - corners[:, 0])  # right, up, away is left-handed
    lengths = np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    facing = -normals[:, 2] / lengths
    light = np.clip((normals @ np.array([-0.4, 0.5, -0.77])) / lengths, 0, 1)
    shades = (np.array(colour) * (DIMMEST + (1 - DIMMEST) * light)[:, None]).astype(int)
    order = np.argsort(-corners[:, :, 2].mean(axis=1), kind="stable")
    picture = Image.new("RGB", (side, side), BACKGROUND)
    brush = ImageDraw.Draw(picture)
    for number in order[facing[order] > 0]:
        brush.polygon([tuple(each) for each in flat[mesh.triangles[number]]], fill=tuple(shades[number]))
    picture.resize((SIDE, SIDE)).save(path, "PNG")
