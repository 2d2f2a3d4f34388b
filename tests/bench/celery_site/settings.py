"""What `startproject` gives, celery-progress, sessions in signed cookies and the database settings of Longhaul."""

import os
from pathlib import Path

from exports_site.environment import Environment

FOLDER = Path(os.environ["BENCH_FOLDER"])
SECRET_KEY = "only-for-the-bench-" * 3
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "celery_progress",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tests.bench.celery_site.urls"
DATABASES = {"default": Environment(environ=os.environ, base=FOLDER).database(FOLDER)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
LOGIN_URL = "/sign-in"
USE_TZ = True
CELERY_RESULT_BACKEND = os.environ["BENCH_REDIS"]
