"""One settings file. Everything that differs between two installations is read from the environment."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from exports_site.environment import Environment, in_url, is_loopback

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(environ=os.environ, base=BASE_DIR)
env.unknown_names()
HOME = env.home("LONGHAUL_HOME")
PUBLIC_URL = env.public_url("LONGHAUL_URL")
PRODUCTION = bool(PUBLIC_URL)
SECURE = PUBLIC_URL.startswith("https://")
BIND = env.bind("LONGHAUL_BIND", "127.0.0.1:8000")
BIND_URL = f"http://{in_url(BIND[0])}:{BIND[1]}/"
PUSH = env.switch("LONGHAUL_PUSH", default=not PRODUCTION)
PUSH_BIND = env.bind("LONGHAUL_PUSH_BIND", f"{in_url(BIND[0])}:{BIND[1] + 1 if BIND[1] < 65535 else BIND[1] - 1}")
WEB_PROCESSES = env.whole_number("LONGHAUL_WEB_PROCESSES", 1, 1, 256)
CLUSTER_PROCESSES = env.whole_number("LONGHAUL_CLUSTER_PROCESSES", 2, 1, 256)
STORE_ROOT = HOME / "store"
STORE_BUCKET, STORE_PREFIX = env.bucket("LONGHAUL_STORE")
STORE_REGION = env.region("LONGHAUL_STORE_REGION")
STORE_ENDPOINT = env.address("LONGHAUL_STORE_ENDPOINT") or f"https://s3.{STORE_REGION}.amazonaws.com"
STORE_ORIGIN = "/".join(STORE_ENDPOINT.split("/")[:3]) if STORE_BUCKET else ""
STORE_KEY = env.text("LONGHAUL_STORE_KEY", "")
STORE_SECRET = env.text("LONGHAUL_STORE_SECRET", "")
GRANTS = env.choice("LONGHAUL_STORE_GRANTS", "none", ("none", "sts", "r2"))
GRANTS_ENDPOINT = env.address("LONGHAUL_STORE_GRANTS_ENDPOINT")
GRANTS_ROLE = env.text("LONGHAUL_STORE_GRANTS_ROLE", "")
GRANTS_TOKEN = env.text("LONGHAUL_STORE_GRANTS_TOKEN", "")
GRANTS_HOURS = env.whole_number("LONGHAUL_STORE_GRANTS_HOURS", 12, 1, 36)
RUNNER = env.choice("LONGHAUL_RUNNER", "local", ("local", "modal"))
MODAL_APP = env.text("LONGHAUL_MODAL_APP", "longhaul")
MODAL_ENVIRONMENT = env.text("LONGHAUL_MODAL_ENVIRONMENT", "")
MODAL_AT_ONCE = env.whole_number("LONGHAUL_MODAL_AT_ONCE", 100, 1, 10_000)
MODAL_CENTS_HOUR = env.whole_number("LONGHAUL_MODAL_CENTS_HOUR", 0, 0, 100_000)
MODAL_TOKEN = bool(env.text("MODAL_TOKEN_ID", "") and env.text("MODAL_TOKEN_SECRET", ""))
RUNNING_AT_ONCE = env.whole_number("LONGHAUL_RUNNING_AT_ONCE", 1, 1, 256)
GB = 10**9
LARGEST_UPLOAD = env.whole_number("LONGHAUL_LARGEST_UPLOAD_GB", 20, 1, 1_000) * GB
QUOTA = env.whole_number("LONGHAUL_QUOTA_GB", 100, 1, 1_000_000) * GB
GUEST_QUOTA = env.whole_number("LONGHAUL_GUEST_QUOTA_GB", 10, 1, 1_000_000) * GB
KEEP_DAYS = env.whole_number("LONGHAUL_KEEP_DAYS", 0, 0, 36_500)
API_CHANGES_A_MINUTE = env.whole_number("LONGHAUL_API_CHANGES_A_MINUTE", 120, 1, 1_000_000)
API_QUESTIONS_A_MINUTE = env.whole_number("LONGHAUL_API_QUESTIONS_A_MINUTE", 1_200, 1, 1_000_000)
UPLOADS_AN_HOUR = env.whole_number("LONGHAUL_UPLOADS_AN_HOUR", 2_000, 1, 1_000_000)
RUNNING_EACH = env.whole_number("LONGHAUL_RUNNING_EACH", 0, 0, 10_000)
GUESTS_RUNNING = env.whole_number("LONGHAUL_GUESTS_RUNNING", 0, 0, 10_000)
MINUTES_A_DAY = env.whole_number("LONGHAUL_MINUTES_A_DAY", 0, 0, 1_000_000)
GUEST_MINUTES_A_DAY = env.whole_number("LONGHAUL_GUEST_MINUTES_A_DAY", 240, 0, 1_000_000)
GUESTS_AN_HOUR = env.whole_number("LONGHAUL_GUESTS_AN_HOUR", 200, 1, 1_000_000)
STAFF_SECOND_FACTOR = env.choice("LONGHAUL_STAFF_SECOND_FACTOR", "offered", ("offered", "required"))
GUESTS_WELCOME = env.switch("LONGHAUL_GUESTS", default=True)
MAIL_ACCOUNT = env.mail("LONGHAUL_MAIL_URL")
MAIL_DOMAIN = (not PUBLIC_URL.endswith("]") and urlsplit(PUBLIC_URL).hostname) or "localhost"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.mail_address("LONGHAUL_MAIL_FROM", f"longhaul@{MAIL_DOMAIN}")
if MAIL_ACCOUNT:
    EMAIL_BACKEND = MAIL_ACCOUNT.backend
    EMAIL_HOST, EMAIL_PORT = MAIL_ACCOUNT.host, MAIL_ACCOUNT.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_ACCOUNT.user, MAIL_ACCOUNT.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_ACCOUNT.tls, MAIL_ACCOUNT.ssl
    EMAIL_FILE_PATH = MAIL_ACCOUNT.folder or None
NOTIFY_URL = env.notify_url("LONGHAUL_NOTIFY_URL")
NOTIFY_REPLIES = env.reply_secret("LONGHAUL_NOTIFY_REPLIES")
PRIVATE_TARGETS = env.switch("LONGHAUL_NOTIFY_PRIVATE", default=False)
FETCHES = env.choice("LONGHAUL_FETCH", "off", ("off", "public", "private"))
WHISPER_MODEL = env.text("LONGHAUL_WHISPER_MODEL", "")
POSTING = env.switch("LONGHAUL_POSTING", default=False)
TIKTOK_API = env.address("LONGHAUL_TIKTOK_API") or "https://open.tiktokapis.com"
TIKTOK_LOGIN = "https://www.tiktok.com/v2/auth/authorize/"
TIKTOK_APP, TIKTOK_SECRET = env.text("LONGHAUL_TIKTOK_APP", ""), env.text("LONGHAUL_TIKTOK_SECRET", "")
INSTAGRAM_API = env.address("LONGHAUL_INSTAGRAM_API") or "https://graph.facebook.com/v24.0"
INSTAGRAM_UPLOADS = env.address("LONGHAUL_INSTAGRAM_UPLOADS") or "https://rupload.facebook.com/ig-api-upload/v24.0"
INSTAGRAM_LOGIN = "https://www.facebook.com/v24.0/dialog/oauth"
INSTAGRAM_APP, INSTAGRAM_SECRET = env.text("LONGHAUL_INSTAGRAM_APP", ""), env.text("LONGHAUL_INSTAGRAM_SECRET", "")
# Seconds: how soon and how seldom a platform is asked how far it is, and after how long that is given up.
POSTING_PACE = {"first": 2.0, "most": 30.0, "patience": 1800.0}
UPSCALE_WEIGHTS = env.text("LONGHAUL_UPSCALE_WEIGHTS", "")
CONTACT_DAYS = env.whole_number("LONGHAUL_CONTACT_DAYS", 90, 1, 3650)

SECRET_KEY = env.secret_key(HOME, production=PRODUCTION)
SECRET_KEY_FALLBACKS = env.keys_before("SECRET_KEY_FALLBACKS")
DEBUG = False
HOSTS = env.hosts("LONGHAUL_HOSTS")
ANY_ADDRESS = not PRODUCTION and not is_loopback(BIND[0])
ALLOWED_HOSTS = (
    [in_url(urlsplit(PUBLIC_URL).hostname or "")]
    if PRODUCTION
    else ["localhost", "127.0.0.1", "[::1]", in_url(BIND[0])]
) + HOSTS
if ANY_ADDRESS:
    ALLOWED_HOSTS += ["*"]  # no pattern of Django's means addresses alone: HostMiddleware lets in nothing else
CSRF_FAILURE_VIEW = "exports_site.old_forms.refused"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PRODUCTION else []

INSTALLED_APPS = [
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_q",  # before exports, which takes its pages out of the admin
    "exports_site",
    "exports",
    "progress",
    "django_htmx",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "exports_site.headers.PolicyMiddleware",
    "exports_site.hosts.HostMiddleware",  # before whoever sends to https, which load balancers do not speak
    "django.middleware.security.SecurityMiddleware",
    "exports_site.compress.CompressPagesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "exports_site.pressed.PressedMiddleware",
    "exports_site.outage.DatabaseOutageMiddleware",
    "exports_site.overtaken.OvertakenMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "exports_site.lasting.LastingGuestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "exports_site.signed_out.SignedOutMiddleware",
    "exports_site.zones.ViewerZoneMiddleware",
    "exports_site.logs.AboutMiddleware",
]
ROOT_URLCONF = "exports_site.urls"
WSGI_APPLICATION = "exports_site.wsgi.application"
ASGI_APPLICATION = "exports_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": env.database(HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "exports.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Tries are counted by exports.guessing, in one step: the library counts in two, and what it locks only grows.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_ISSUER = f"Longhaul {MAIL_DOMAIN}"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "start"
# No row and no cache for a session: a poll reads it from the request. Changing the password still ends every session.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
# By these names a browser takes them from this host alone, over TLS: no neighbour under the same domain can plant one.
COOKIES = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIES}sessionid", f"{COOKIES}csrftoken"
BROWSER_COOKIE_NAME = f"{COOKIES}browser"

SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.zone("LONGHAUL_TIME_ZONE", "UTC")
USE_TZ = True

# A page that expects no file keeps none; the one that does names its own.
FILE_UPLOAD_HANDLERS = ["exports.receiving.NoFiles"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_100  # a film of 500 clips has two for each, and a few around them

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "exports_site.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

Q_CLUSTER = {
    "name": "longhaul",
    "orm": "default",
    "broker_class": "exports.broker.Broker",
    "workers": CLUSTER_PROCESSES,
    "poll": 0.2,
    "bulk": 1,
    "queue_limit": CLUSTER_PROCESSES,
    "timeout": 60,
    "retry": 60 * 2 + 30,  # over timeout × (queue_limit / workers + 1): else a slow task runs twice at once
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 100,
    "recycle": 500,
}

# In production one address leads to both servers; without anything in front, news has a port of its own.
PROGRESS_PUSH = "" if not PUSH else "/" if PRODUCTION else f":{PUSH_BIND[1]}"
PROGRESS_POLL_SECONDS = env.whole_number("LONGHAUL_POLL_SECONDS", 2, 1, 60)
PROGRESS_FROM_MEMORY = env.switch("LONGHAUL_POLLS_FROM_MEMORY", default=True)

# Without a token the numbers are for this machine alone, and behind a server in front everybody looks like that.
METRICS_TOKEN = env.text("LONGHAUL_METRICS_TOKEN", "")
METRICS_OPEN = not PRODUCTION and BIND[0] in ("127.0.0.1", "localhost", "::1")

LOG_FORMAT = env.choice("LONGHAUL_LOG_FORMAT", "line", ("line", "json"))
LOG_LEVEL = env.choice("LONGHAUL_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "exports_site.logs.Line", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "exports_site.logs.Json"},
    },
    "filters": {"refused": {"()": "exports_site.logs.Refused"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["refused"]},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django-q": {"level": "DEBUG" if LOG_LEVEL == "DEBUG" else "WARNING"},
        # These name addresses with the secrets in them. Of apprise's, exports.outbox.chat reads what it needs.
        "apprise": {"level": "DEBUG", "handlers": ["nowhere"], "propagate": False},
        "urllib3": {"level": "INFO"},
    },
}

PROBLEMS = env.problems
