#!/bin/sh
# Compiles requirements/base.txt and dev.txt from pyproject.toml, with hashes for every platform
# and Python from 3.11 on, and without the address of any package index.
#
# Usage: sh scripts/compile-requirements.sh          keeps the pins that still fit
#        UPGRADE=1 sh scripts/compile-requirements.sh   takes the newest versions that fit
set -eu
cd "$(dirname "$0")/.."
sh scripts/python-env.sh base
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --quiet --disable-pip-version-check 'uv>=0.9,<1'

compile() {
    output=$1
    shift
    "$tools/bin/uv" pip compile pyproject.toml "$@" --quiet --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate --no-emit-index-url \
        ${UPGRADE:+--upgrade} --output-file "$output" >/dev/null
    echo "$output: $(grep -c '^[a-z].*==' "$output") 个部件"
}

compile requirements/base.txt
compile requirements/dev.txt --extra dev --constraint requirements/base.txt
