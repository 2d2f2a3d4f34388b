"""A minimal Django project around celery-progress, as its documentation sets it up."""
