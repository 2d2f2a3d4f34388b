from django.urls import path

from exports.api import recovery
from exports.views import accounts, dashboard, exports, film, films, projects, uploads

urlpatterns = [
    path("", accounts.start, name="start"),
    path("guest", accounts.start_as_guest, name="start-as-guest"),
    path("sign-up", accounts.sign_up, name="sign-up"),
    path("sign-in", accounts.SignIn.as_view(), name="sign-in"),
    path("sign-out", accounts.SignOut.as_view(), name="sign-out"),
    path("password", accounts.ChangePassword.as_view(), name="change-password"),
    path("exports/", dashboard.dashboard, name="dashboard"),
    path("exports/<uuid:job_id>/", exports.export_page, name="export"),
    path("exports/<uuid:job_id>/fragment", exports.fragment, name="export-fragment"),
    path("exports/<uuid:job_id>/panel", exports.panel, name="export-panel"),
    path("exports/<uuid:job_id>/pause", exports.act, {"verb": "pause"}, name="pause"),
    path("exports/<uuid:job_id>/resume", exports.act, {"verb": "resume"}, name="resume"),
    path("exports/<uuid:job_id>/cancel", exports.act, {"verb": "cancel"}, name="cancel"),
    path("exports/<uuid:job_id>/retry", exports.act, {"verb": "retry"}, name="retry"),
    path("exports/<uuid:job_id>/watch", films.watch, name="watch"),
    path("exports/<uuid:job_id>/download", films.download, name="download"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<uuid:project_id>/", projects.project_page, name="project"),
    path("projects/<uuid:project_id>/library", projects.library, name="library"),
    path("projects/<uuid:project_id>/film", film.change_film, name="film"),
    path("sources/<uuid:source_id>/thumbnail", projects.thumbnail, name="thumbnail"),
    path("projects/<uuid:project_id>/s3/multipart", uploads.create, name="uploads"),
    path("projects/<uuid:project_id>/s3/multipart/<uuid:source_id>", uploads.upload, name="upload"),
    path("projects/<uuid:project_id>/s3/multipart/<uuid:source_id>/complete", uploads.complete, name="upload-complete"),
    path("projects/<uuid:project_id>/s3/multipart/<uuid:source_id>/arrived", uploads.arrived, name="upload-arrived"),
    path("projects/<uuid:project_id>/s3/multipart/<uuid:source_id>/<int:number>", uploads.sign, name="upload-sign"),
    path("projects/<uuid:project_id>/parts/<uuid:source_id>/<int:number>", uploads.part, name="upload-part"),
    path("projects/<uuid:project_id>/unfinished", uploads.unfinished, name="upload-unfinished"),
    path("projects/<uuid:project_id>/sources", uploads.form, name="upload-form"),
    path("api/exports/active", recovery.active, name="api-active"),
    path("api/exports/<uuid:job_id>/modal-status", recovery.modal_status, name="api-modal-status"),
    path("api/exports/<uuid:export_id>/attempts/<int:number>/report", recovery.report, name="attempt-report"),
]
