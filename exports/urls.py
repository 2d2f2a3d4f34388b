from django.urls import path

from exports.api import docs, recovery
from exports.api.dialects import assembly
from exports.api.dialects.site import dialects
from exports.api.v1 import site as api_v1
from exports.views import accounts, asking, dashboard, exports, film, films, projects, statistics, tokens, uploads

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
    path("exports/<uuid:job_id>/results/<int:place>", films.result, name="result"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<uuid:project_id>/", projects.project_page, name="project"),
    path("projects/<uuid:project_id>/library", projects.library, name="library"),
    path("projects/<uuid:project_id>/film", film.change_film, name="film"),
    path("projects/<uuid:project_id>/exports/new", asking.choose, name="choose-kind"),
    path("projects/<uuid:project_id>/exports/new/<slug:key>", asking.ask, name="new-export"),
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
    path("statistics", statistics.statistics, name="statistics"),
    path("stats", statistics.stats, name="stats"),
    path("api/docs", docs.page, name="api-docs"),
    path("api/v1/", api_v1.api.urls),
    path("api/v1/assembly/jobs/<uuid:job_id>/websocket", assembly.websocket, name="assembly-websocket"),
    path("", dialects.urls),
    path("api/v1/<path:rest>", api_v1.unknown),
    path("account/tokens", tokens.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke", tokens.revoke, name="revoke-token"),
]
