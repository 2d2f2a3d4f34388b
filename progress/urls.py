from django.urls import path

from progress import views

app_name = "progress"
urlpatterns = [
    path("indicator", views.indicator, name="indicator"),
    path("<uuid:job_id>/", views.job_page, name="job"),
    path("<uuid:job_id>/fragment", views.fragment, name="fragment"),
    path("<uuid:job_id>/seen", views.dismiss, name="dismiss"),
]
