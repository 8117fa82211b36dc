#!/bin/sh
# Gathers the static files under hashed names into STATIC_ROOT, as the image is built. The
# values below let the settings load; they are in no image and open nothing.
set -eu
cd "$(dirname "$0")/.."
: "${STATIC_ROOT:?}"
PYTHON=${PYTHON:-python}
random() { "$PYTHON" -c 'import secrets; print(secrets.token_urlsafe(48))'; }
for_this_build=$(random)
env PORTAL_ENV=production PORTAL_VAR="$(mktemp -d)" ALLOWED_HOSTS=build.invalid \
    SECRET_KEY="$for_this_build" DIGEST_KEY="$(random)" \
    SEALING_KEYS="$("$PYTHON" -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
    DATABASE_URL="postgres://nobody:$for_this_build@127.0.0.1/nothing" \
    REDIS_URL="redis://:$for_this_build@127.0.0.1/0" \
    "$PYTHON" manage.py collectstatic --noinput --verbosity 0
