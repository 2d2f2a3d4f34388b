"""celery-progress as it ships, open to all, and the same view for those who are signed in."""

from celery_progress.views import get_progress
from django.contrib.auth.decorators import login_required
from django.urls import include, path

urlpatterns = [
    path("celery-progress/", include("celery_progress.urls")),
    path("signed-in/<str:task_id>/", login_required(get_progress)),
]
