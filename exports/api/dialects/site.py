"""The dialects as one API of their own: the same ways in, the same refusals."""

from exports.api.dialects import assembly, status
from exports.api.problems import tell_all
from exports.api.v1.site import LonghaulAPI

dialects = LonghaulAPI(
    title="Longhaul, in the words of other systems",
    version="1",
    urls_namespace="api-dialects",
    openapi_url="api/dialects.json",
)
tell_all(dialects)
dialects.add_router("/api/v1/assembly/jobs", assembly.router)
dialects.add_router("", status.router)
