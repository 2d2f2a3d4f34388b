"""Chaos: a whole installation under steady work, while everything in it is killed, frozen or taken away in turn."""
