"""The work itself. It runs where nothing else of the project is installed: standard library, and PyAV where needed."""
