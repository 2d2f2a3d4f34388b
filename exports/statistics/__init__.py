"""Figures of what was exported and of how true what was said of it was; for its owner, for staff, and for everyone."""
