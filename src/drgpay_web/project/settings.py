"""Settings of the office. What a bureau decides is in its policies; here is only how the program is held."""

from __future__ import annotations

import os

from drgpay_web.project.places import data_base, home, last_backup, secret, static_folder, uploads
from drgpay_web.project.rooms import OFFICE, rooms

HOME = home()
LAST_BACKUP = last_backup(HOME)
SECRET_KEY = secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("DRGPAY_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
SECURE = os.environ.get("DRGPAY_SECURE", "") == "1"
"""served with TLS, by itself or by what stands before it"""

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    *(f"drgpay_web.{room}" for room in rooms()),
]

MIDDLEWARE = [
    "drgpay_web.ui.log.RequestLines",
    "drgpay_web.ui.safety.SafetyHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "drgpay_web.people.middleware.PeopleMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "drgpay_web.project.urls"
WSGI_APPLICATION = "drgpay_web.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "drgpay_web.ui.context.page",
            ],
            "builtins": ["drgpay_web.ui.templatetags.office"],
        },
    }
]

DATABASES = {"default": data_base()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False  # only actions open transactions

USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # kept in UTC, shown here
USE_I18N = False  # own words, in words.yaml of each room
LANGUAGE_CODE = "zh-hans"

STATIC_URL = "/static/"
STATICFILES_DIRS = [OFFICE / "ui" / "static"]
STATIC_ROOT = static_folder(HOME)
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "drgpay_web.ui.finder.PackagedFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": HOME / "inbox"}},
    "staticfiles": {"BACKEND": "drgpay_web.ui.finder.OfficeStatic"},
}
FILE_UPLOAD_HANDLERS = [
    "drgpay_web.inbox.uploads.NotTooLarge",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_TEMP_DIR = uploads(HOME)
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
LARGEST_REQUEST = 160_000_000
"""bytes of a request with files; more is refused before any of it is written"""

if "DRGPAY_SERVER" in os.environ:  # what its processes count together: how often a system asks
    CACHES = {"default": {"BACKEND": "drgpay_web.project.counting.Counted", "LOCATION": HOME / "cache"}}

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "drgpay_web.people.passwords.KindsOfSigns"},
    {"NAME": "drgpay_web.people.passwords.NotTheName"},
    {"NAME": "drgpay_web.people.passwords.NotOneOfTheLast"},
]
PASSWORD_DAYS = 90
"""after how many days a password must be changed"""

LOGIN_URL = "/sign-in"
AXES_DISABLE_ACCESS_LOG = True  # the trail has it
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_NAME = "office"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_SECONDS = 15 * 60
SESSION_WHOLE_SECONDS = 8 * 3600
CSRF_COOKIE_NAME = "office_form"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "drgpay_web.ui.failures.forged"
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("DRGPAY_ORIGINS", "").split(",") if origin]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("DRGPAY_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0

ACCOUNT_ADAPTER = "drgpay_web.people.adapter.OfficeAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = False  # lockout is by axes, which keeps it in the data base
ACCOUNT_LOGOUT_ON_GET = False
MFA_ADAPTER = "drgpay_web.people.adapter.OfficeSecondFactor"
MFA_SUPPORTED_TYPES = ["totp"]  # a lost device is for the system administrator
MFA_TOTP_ISSUER = "drgpay"
MFA_TOTP_TOLERANCE = 1

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.5  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "drgpay_web.people.lockout.UserAndAddress"
AXES_USERNAME_CALLABLE = "drgpay_web.people.lockout.username"
AXES_LOCKOUT_CALLABLE = "drgpay_web.people.lockout.locked"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "drgpay_web.ui.log.JsonLines"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"}
        | ({"formatter": "json"} if os.environ.get("DRGPAY_LOG", "") == "json" else {})
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
SILENCED_SYSTEM_CHECKS = ["axes.W003"]
