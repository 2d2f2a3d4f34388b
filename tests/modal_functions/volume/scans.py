"""Scans as machines write them, made here: an ellipsoid of known size, in NIfTI and as a series in DICOM."""

import gzip
import math
import zipfile

import nibabel
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SECRETS = ("DOE^JANE", "19700101", "Dr. Secret", "Hidden Hospital", "PATIENT-4711")
TISSUE, BRIGHT = 100, 300


def ellipsoid(shape=(40, 36, 32), *, spacing=(1.0, 1.0, 1.0), radii=(14.0, 11.0, 10.0), bright=0.0, noise=3):
    """Values along x, y, z. Its middle lies in the middle of the volume; a core of `bright` of its size is brighter."""
    grid = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")
    far = np.sqrt(sum((axis * step / radius) ** 2 for axis, step, radius in zip(grid, spacing, radii, strict=True)))
    values = np.where(far <= 1, TISSUE, 0)
    values = np.where(far <= bright, BRIGHT, values)
    return (values + np.random.default_rng(7).integers(0, noise + 1, shape)).astype(np.int16)


def volume_of(radii=(14.0, 11.0, 10.0)):
    return 4 / 3 * math.pi * math.prod(radii)


def oblique(spacing=(1.0, 1.0, 1.0), angle=0.4, *, mirrored=False):
    """Turned about two axes; what takes voxels to millimetres, right, front and up."""
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(spacing) @ np.diag([-1 if mirrored else 1, 1, 1])
    affine[:3, 3] = (-30.0, 12.5, 7.0)
    return affine


def nifti(path, values=None, affine=None, **fields):
    """With all that a scanner might write about somebody."""
    image = nibabel.Nifti1Image(ellipsoid() if values is None else values, np.eye(4) if affine is None else affine)
    header = image.header
    header["db_name"], header["descrip"] = SECRETS[0].encode(), f"{SECRETS[2]}, {SECRETS[3]}".encode()
    header["aux_file"], header["intent_name"] = SECRETS[1].encode(), SECRETS[4].encode()
    header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", f"{SECRETS[0]} {SECRETS[4]}".encode()))
    plain = path.with_name(f"{path.name}.plain.nii")
    nibabel.save(image, plain)
    body = bytearray(plain.read_bytes())
    plain.unlink()
    for at, more in fields.items():
        place = int(at.removeprefix("at"))
        body[place : place + len(more)] = more
    if path.name.endswith(".gz"):
        with path.open("wb") as file, gzip.GzipFile(f"{SECRETS[0]}.nii", "wb", 1, file) as packed:
            packed.write(bytes(body))
    else:
        path.write_bytes(bytes(body))
    return path


def slices(values=None, affine=None, *, seed=3, **more):
    """A series, as bytes in the order in which a disk happens to have its files."""
    values = ellipsoid() if values is None else values
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ (np.eye(4) if affine is None else affine)  # left, back and up
    series, study, bodies = generate_uid(), generate_uid(), []
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    for number in range(values.shape[2]):
        found = Dataset()
        found.PatientName, found.PatientBirthDate, found.PatientID = SECRETS[0], SECRETS[1], SECRETS[4]
        found.ReferringPhysicianName, found.InstitutionName = SECRETS[2], SECRETS[3]
        found.add_new(0x00091001, "LO", SECRETS[0])
        found.SOPClassUID, found.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
        found.SeriesInstanceUID, found.StudyInstanceUID, found.Modality = series, study, "MR"
        found.Rows, found.Columns = values.shape[1], values.shape[0]
        found.PixelSpacing = [float(steps[1]), float(steps[0])]
        found.ImageOrientationPatient = [
            round(float(x), 9) for x in (*affine[:3, 0] / steps[0], *affine[:3, 1] / steps[1])
        ]
        found.ImagePositionPatient = [round(float(x), 6) for x in affine[:3, 3] + number * affine[:3, 2]]
        found.InstanceNumber = 1000 - number  # as some machines count
        found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
        found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 1
        found.RescaleSlope, found.RescaleIntercept = 2, -10
        found.PixelData = values[:, :, number].T.astype("<i2").tobytes()
        for name, value in more.items():
            setattr(found, name, value)
        bodies.append(_written(found))
    order = np.random.default_rng(seed).permutation(len(bodies))
    return [bodies[place] for place in order]


def _written(found):
    from io import BytesIO

    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    body = BytesIO()
    found.save_as(body, enforce_file_format=True)
    return body.getvalue()


def archive(path, bodies, **others):
    """Packed as a viewer would: folders named after the patient, and a note that is no slice."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, body in enumerate(bodies):
            packed.writestr(f"{SECRETS[0]}/IM{number:04}", body)
        packed.writestr("../../escape.txt", b"not a slice")
        for name, body in others.items():
            packed.writestr(name, body)
    return path
