"""From clips to a film. PyAV is imported only inside functions, so that whoever only plans does not need it."""
