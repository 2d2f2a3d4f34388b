# ruff: noqa: PLC0415 - numpy is imported only where it is used
"""Meshes as files. STL counts in millimetres; glTF's unit is the metre and its up is y, so a node there says so."""

import json
import struct
from pathlib import Path

from modal_functions.volume.mesh import Mesh

TITLE = b"longhaul, millimetres"  # must not begin with “solid”: that would be STL in text
FLOAT, UNSIGNED = 5126, 5125  # as glTF numbers what its numbers are
VERTICES, PLACES = 34962, 34963
STANDING = [0.001, 0, 0, 0, 0, 0, -0.001, 0, 0, 0.001, 0, 0, 0, 0, 0, 1]  # column by column


def write_stl(mesh: Mesh, path: Path) -> None:
    import numpy as np

    corners = mesh.points[mesh.triangles].astype("<f4")
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    rows = np.zeros(len(corners), np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")]))
    rows["normal"], rows["corners"] = normals / np.where(lengths > 0, lengths, 1), corners
    with path.open("wb") as file:
        file.write(TITLE.ljust(80, b"\0") + struct.pack("<I", len(rows)))
        file.write(rows.tobytes())


def write_glb(mesh: Mesh, name: str, colour: tuple[int, int, int], path: Path) -> None:
    points, places = mesh.points.astype("<f4"), mesh.triangles.astype("<u4")
    body = points.tobytes() + places.tobytes()
    told = {
        "asset": {"version": "2.0", "generator": "longhaul"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": name, "mesh": 0, "matrix": STANDING}],
        "meshes": [{"name": name, "primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [*(part / 255 for part in colour), 1], **PLAIN}}],
        "buffers": [{"byteLength": len(body)}],
        "bufferViews": [
            {"buffer": 0, "byteLength": points.nbytes, "target": VERTICES},
            {"buffer": 0, "byteOffset": points.nbytes, "byteLength": places.nbytes, "target": PLACES},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": FLOAT, "count": len(points), "type": "VEC3", **_between(points)},
            {"bufferView": 1, "componentType": UNSIGNED, "count": places.size, "type": "SCALAR"},
        ],
    }
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    whole = 12 + 8 + len(text) + 8 + len(body)
    with path.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, whole))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(body), b"BIN\0") + body)


PLAIN = {"metallicFactor": 0, "roughnessFactor": 0.8}


def _between(points: object) -> dict[str, list[float]]:
    import numpy as np

    laid = np.asarray(points)
    return {"min": laid.min(axis=0).tolist(), "max": laid.max(axis=0).tolist()}
