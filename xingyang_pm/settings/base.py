"""All settings in one flat module, in sections."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from . import env

BASE_DIR = Path(__file__).resolve().parents[2]

# --- Where the portal stands -----------------------------------------------------------------

PORTAL_ENV = env.text("PORTAL_ENV", "embedded")
if PORTAL_ENV not in {"embedded", "production", "test"}:
    raise ImproperlyConfigured(
        f"环境变量 PORTAL_ENV 应为 embedded、production 或 test，现为 {PORTAL_ENV!r}。"
    )
PRODUCTION = PORTAL_ENV == "production"
# What a deployment calls itself; phones that work offline fetch the pages anew when it changes.
RELEASE = env.text("PORTAL_RELEASE", "")
DEBUG = env.flag("DEBUG", default=False)
VAR_DIR = env.folder("PORTAL_VAR", BASE_DIR / "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _installation_secret(
    name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)
) -> str:
    """Return a secret made once for this installation and kept, readable by its owner only."""
    path = VAR_DIR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


if PRODUCTION:
    SECRET_KEY = env.text("SECRET_KEY")
    if env.is_weak(SECRET_KEY, minimum=40):
        raise ImproperlyConfigured("环境变量 SECRET_KEY 太短或是示例值，请换成 40 位以上的随机串。")
    if DEBUG:
        raise ImproperlyConfigured("正式环境不能打开 DEBUG。")
else:
    SECRET_KEY = env.text("SECRET_KEY", "") or _installation_secret("secret_key")

# What seals account numbers (common.sealing): the first key seals, every one of them opens.
SEALING_KEYS = env.fernet_keys(
    "SEALING_KEYS",
    None
    if PRODUCTION
    else lambda: _installation_secret("sealing_key", make=lambda: Fernet.generate_key().decode()),
)
DIGEST_KEY = env.text("DIGEST_KEY", None if PRODUCTION else "") or _installation_secret(
    "digest_key"
)
if PRODUCTION and env.is_weak(DIGEST_KEY, SECRET_KEY, minimum=40):
    raise ImproperlyConfigured(
        "环境变量 DIGEST_KEY 太短、是示例值或与 SECRET_KEY 相同，请换成另外的 40 位以上的随机串。"
    )

ALLOWED_HOSTS = env.listing(
    "ALLOWED_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("环境变量 ALLOWED_HOSTS 未设置，请写上平台的域名。")
if PRODUCTION and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("正式环境的 ALLOWED_HOSTS 不能写 *，请写上平台的域名。")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
# Whether a proxy of ours stands in front and says the client's address (X-Real-IP).
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=PRODUCTION)

# --- The office, as its papers print it ------------------------------------------------------

PORTAL_NAME = "荥阳市物业管理平台"
# The portal's address as people outside reach it, e.g. https://wygl.example.gov.cn: what stands
# in e-mails and on printed papers. Empty leaves addresses out.
PORTAL_URL = env.text("PORTAL_URL", "").rstrip("/")
OFFICE_NAME = env.text("OFFICE_NAME", "荥阳市房管中心")
OFFICE_FULL_NAME = env.text("OFFICE_FULL_NAME", "荥阳市住房保障和房产管理中心")
OFFICE_DOCUMENT_PREFIX = env.text("OFFICE_DOCUMENT_PREFIX", "荥房管")
# Invented numbers are for the demo; a real portal shows its own or none.
OFFICE_PHONE = env.text("OFFICE_PHONE", "" if PRODUCTION else "0371-64660000")
ICP_NUMBER = env.text("ICP_NUMBER", "" if PRODUCTION else "豫ICP备00000000号")
POLICE_NUMBER = env.text("POLICE_NUMBER", "" if PRODUCTION else "豫公网安备 00000000000000号")
# Demo data says so on every page; a production portal with real data switches it off.
DEMO_DATA = env.flag("DEMO_DATA", default=not PRODUCTION)

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "xingyang_pm.common",
    "accounts",
    "estates",
    "enterprises",
    "inspections",
    "subsidies",
    "outreach",
    "xingyang_pm.dashboard",
    "xingyang_pm.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.AccountRulesMiddleware",
    "xingyang_pm.common.middleware.AuditContextMiddleware",
    "xingyang_pm.common.middleware.BusinessErrorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "xingyang_pm.urls"
WSGI_APPLICATION = "xingyang_pm.wsgi.application"
FORM_RENDERER = "xingyang_pm.common.forms.PortalFormRenderer"

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
                "xingyang_pm.common.context_processors.portal",
            ],
            "builtins": ["xingyang_pm.common.templatetags.portal"],
        },
    },
]

# --- Data ------------------------------------------------------------------------------------

# Measured: with these, three writers meet no "database is locked"; with Django's defaults a
# third of the transactions do. Temporary pages stay in files: in memory, the undo of nested
# transactions made an import of 43,200 estates take 1.5 GB instead of 0.4.
_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
        "PRAGMA cache_size=-32000; PRAGMA journal_size_limit=27103364"
    ),
}


def _database() -> dict[str, Any]:
    if not env.text("DATABASE_URL", ""):
        if PRODUCTION:
            raise ImproperlyConfigured("环境变量 DATABASE_URL 未设置，正式环境须用 PostgreSQL。")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "portal.sqlite3",
            "OPTIONS": _SQLITE_OPTIONS,
        }
    try:
        database = environ.Env().db_url("DATABASE_URL")
    except ValueError:
        # The reader's own message may hold a part of the password.
        raise ImproperlyConfigured(
            "环境变量 DATABASE_URL 的写法不对，应为 postgres://用户:口令@主机:5432/库名。"
        ) from None
    if database["ENGINE"].endswith("sqlite3"):
        if PRODUCTION:
            raise ImproperlyConfigured(
                "环境变量 DATABASE_URL 指向 SQLite，正式环境须用 PostgreSQL。"
            )
        return {**database, "OPTIONS": _SQLITE_OPTIONS}
    if PRODUCTION and env.is_weak(database.get("PASSWORD", ""), database.get("USER", "")):
        raise ImproperlyConfigured("DATABASE_URL 中的数据库口令为空或是默认值，请换成自己的口令。")
    return {
        **database,
        "CONN_MAX_AGE": env.integer("CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("环境变量 REDIS_URL 未设置，正式环境须用 Redis。")
if PRODUCTION and env.is_weak(env.url_password("REDIS_URL")):
    raise ImproperlyConfigured("REDIS_URL 中的口令为空或是默认值，请换成自己的口令。")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": VAR_DIR / "cache",
        }
    )
}

# --- Files -----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Private: no URL serves this folder; a view that scopes the record hands out each file.
MEDIA_ROOT = env.folder("MEDIA_ROOT", VAR_DIR / "media")
FONT_DIR = BASE_DIR / "static" / "fonts"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
# The papers' fonts (22 MB) are read by the worker; compressing them would take minutes.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    "jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "ttf", "otf", "pdf",
)  # fmt: skip
if not PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # files come from the finders; it may be empty
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
WORKBOOK_MAX_BYTES = env.integer("WORKBOOK_MAX_MB", 20, minimum=1) * 2**20
PHOTO_MAX_BYTES = env.integer("PHOTO_MAX_MB", 15, minimum=1) * 2**20
# When a photo is put before its reviewer: bits in which two perceptual hashes of 64 may differ,
# days between taking and visit, metres from the estate or from where the visit was entered.
PHOTO_NEAR_BITS = env.integer("PHOTO_NEAR_BITS", 5, minimum=0, maximum=7)
PHOTO_FAR_DAYS = env.integer("PHOTO_FAR_DAYS", 1, minimum=0)
PHOTO_FAR_METRES = env.integer("PHOTO_FAR_METRES", 500, minimum=50)

# --- Time and language -----------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

# --- Sign-in (defaults: domain facts §5; the standard names no numbers, so each is a setting)

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard:desk"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.OfficeBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if PORTAL_ENV == "test":  # a test run makes thousands of accounts
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
PASSWORD_MIN_LENGTH = env.integer("PASSWORD_MIN_LENGTH", 8, minimum=8)
PASSWORD_MIN_CLASSES = env.integer("PASSWORD_MIN_CLASSES", 3, minimum=1)
PASSWORD_HISTORY = env.integer("PASSWORD_HISTORY", 5, minimum=0)
PASSWORD_MAX_AGE_DAYS = env.integer("PASSWORD_MAX_AGE_DAYS", 90, minimum=0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.validators.LengthValidator"},
    {"NAME": "accounts.validators.CharacterClassValidator"},
    {"NAME": "accounts.validators.UserNameValidator"},
    {"NAME": "accounts.validators.CommonPasswordValidator"},
    {"NAME": "accounts.validators.HistoryValidator"},
]
LOGIN_FAILURE_LIMIT = env.integer("LOGIN_FAILURE_LIMIT", 5, minimum=1)
LOGIN_LOCK_MINUTES = env.integer("LOGIN_LOCK_MINUTES", 15, minimum=1)
IDLE_TIMEOUT_MINUTES = env.integer("IDLE_TIMEOUT_MINUTES", 30, minimum=1)
# Approvers and administrators; see accounts.choices.SECOND_FACTOR_ROLES.
SECOND_FACTOR_REQUIRED = env.flag("SECOND_FACTOR_REQUIRED", default=PRODUCTION)
OTP_TOTP_ISSUER = PORTAL_NAME

AXES_FAILURE_LIMIT = LOGIN_FAILURE_LIMIT
AXES_COOLOFF_TIME = LOGIN_LOCK_MINUTES / 60
AXES_LOCKOUT_PARAMETERS = ["username"]
# By name alone on purpose: an office sits behind one address, which one slip must not lock.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # sign-ins stand in the audit log
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "xingyang_pm.common.middleware.client_ip"
# Tries while locked do not prolong the lock, or anybody could keep anybody out for good.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# The sign-in page says itself that the name is locked and for how long.
AXES_LOCKOUT_CALLABLE = "accounts.middleware.locked_out"
# Addresses or networks from which system administrators may work; empty: from anywhere.
ADMIN_ALLOWED_IPS = env.networks("ADMIN_ALLOWED_IPS")

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "xingyang_pm.common.views.errors.csrf_failure"

# --- Transport -------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 365 * 86400, minimum=0)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "form-action": [SELF],
        "base-uri": [SELF],
        "frame-ancestors": [SELF],
    }
}

# --- Background work -------------------------------------------------------------------------

if REDIS_URL:
    CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL)
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
else:
    _QUEUE = VAR_DIR / "queue"
    for _name in ("messages", "processed", "control"):
        (_QUEUE / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE / "messages"),
        "data_folder_out": str(_QUEUE / "messages"),
        "processed_folder": str(_QUEUE / "processed"),
        "control_folder": str(_QUEUE / "control"),
        "store_processed": False,
        # Measured: 0.10 s start latency and 0.4 % idle processor.
        "polling_interval": 0.1,
    }
CELERY_TASK_IGNORE_RESULT = True  # results are Job rows
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "portal")
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
JOB_STALE_SECONDS = env.integer("JOB_STALE_SECONDS", 120, minimum=10)
JOB_TIME_LIMIT_SECONDS = env.integer("JOB_TIME_LIMIT_SECONDS", 900, minimum=30)

# --- API -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.NarrowTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.ReadsBusiness"],
    "DEFAULT_PAGINATION_CLASS": "xingyang_pm.common.api.PortalPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "xingyang_pm.common.api.exception_handler",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "荥阳市物业管理平台 数据接口",
    "DESCRIPTION": "只读接口：小区与服务主体名录、检查、补贴。范围与登录用户相同。",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.api.permissions.ReadsBusiness"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Deep links stand inside the buttons that unfold an address, out of a keyboard's reach.
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},
}

# --- Logs ------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING")},
}

# --- E-mail: reminders are also sent by e-mail once a server is named ---

EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 465)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", not EMAIL_USE_SSL)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 20)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", EMAIL_HOST_USER or "portal@localhost")
# Audit entries must be kept at least six months (网络安全法 §21(3)); a shorter value is refused.
AUDIT_KEEP_DAYS = env.integer("AUDIT_KEEP_DAYS", 3650, minimum=183)

# --- Rules of the trade that an office may set ---

# A household number that changes by more needs a reason.
HOUSEHOLD_CHANGE_PERCENT = env.integer("HOUSEHOLD_CHANGE_PERCENT", 20, minimum=1)
# Owners' fees of a month are entered by this day of the next; a rate below is shown in red.
FEE_DUE_DAY = env.integer("FEE_DUE_DAY", 10, minimum=1, maximum=28)
FEE_LOW_PERCENT = env.integer("FEE_LOW_PERCENT", 60, minimum=0, maximum=100)
# Subsidy money that is under way for more days than these stands on the red list.
TRANSIT_RED_DAYS = env.integer("TRANSIT_RED_DAYS", 15, minimum=1)
# The signed link of an order ends so many days after its deadline.
REPLY_LINK_DAYS = env.integer("REPLY_LINK_DAYS", 15, minimum=1)
# So many days after a hand-over the office asks the enforcing organ what came of it.
HANDOVER_FEEDBACK_DAYS = env.integer("HANDOVER_FEEDBACK_DAYS", 30, minimum=1)
