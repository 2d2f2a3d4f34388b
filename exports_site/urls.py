from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from exports.views import accounts
from exports_site.metrics import metrics

admin.site.site_header = admin.site.site_title = "Longhaul"
admin.site.index_title = "Staff"

urlpatterns = [
    path("metrics", metrics, name="metrics"),
    path("", include("exports.urls")),
    path("exports/", include("progress.urls")),
    path("admin/login/", accounts.sign_in_as_staff),
    path("admin/password_change/", RedirectView.as_view(pattern_name="change-password")),
    path("admin/", admin.site.urls),
]
