"""Posting a finished clip to the platforms, through the interfaces that they publish. Standard library only."""
