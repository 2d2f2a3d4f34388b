"""News pushed as it happens: one hub a process, one stream a page. Pages use it where it runs, and never need it."""
