"""Scans of a body, as voxels: read, freed of names, cut into tissue classes, made into surfaces."""
