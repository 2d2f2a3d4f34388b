from django.urls import path

from exports.views import accounts, dashboard, health

urlpatterns = [
    path("", accounts.start, name="start"),
    path("guest", accounts.start_as_guest, name="start-as-guest"),
    path("sign-up", accounts.sign_up, name="sign-up"),
    path("sign-in", accounts.SignIn.as_view(), name="sign-in"),
    path("sign-out", accounts.SignOut.as_view(), name="sign-out"),
    path("password", accounts.ChangePassword.as_view(), name="change-password"),
    path("exports/", dashboard.dashboard, name="dashboard"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
