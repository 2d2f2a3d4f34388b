"""Addresses and words of other systems, each a thin table over the same snapshot that the pages show."""
