# syntax=docker/dockerfile:1
# The portal's image: web, worker, beat and migrate are the same image with another command.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/requirements.txt
RUN /opt/venv/bin/python -m pip install --require-hashes --only-binary :all: \
        --requirement /tmp/requirements.txt


FROM python:3.11-slim-bookworm
# What WeasyPrint draws with. Without libharfbuzz-subset0 it cuts fonts 60 times slower.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid portal --home-dir /app --no-create-home --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal -m 0750 /data

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TZ=Asia/Shanghai \
    XDG_CACHE_HOME=/tmp/cache \
    PORTAL_ENV=production \
    PORTAL_VAR=/data \
    STATIC_ROOT=/app/staticfiles

WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
# Files keep root as owner: the portal can read its own code and not change it.
RUN sh scripts/collect-static.sh && python -m compileall -q .

USER portal
EXPOSE 8000
VOLUME ["/data"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "deploy/healthcheck.py", "web"]
CMD ["gunicorn", "--config", "deploy/gunicorn.py", "xingyang_pm.wsgi:application"]
