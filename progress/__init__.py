"""Progress that is true: pipelines, a job's row with one writer, and the pages that tell it."""
