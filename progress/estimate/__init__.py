"""When will it be done: pure functions from what was measured to what may be said."""
