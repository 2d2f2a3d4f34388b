from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Longhaul"
admin.site.index_title = "Staff"

urlpatterns = [
    path("", include("exports.urls")),
    path("exports/", include("progress.urls")),
    path("admin/", admin.site.urls),
]
