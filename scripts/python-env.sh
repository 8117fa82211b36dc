#!/bin/sh
# Makes .venv and installs requirements/<base|dev>.txt by their hashes. A second call with the
# same requirements does nothing and is instant. PIP_* settings of the environment hold.
#
# Usage: sh scripts/python-env.sh base|dev        PYTHON=/path/to/python3.12 chooses another
set -eu
cd "$(dirname "$0")/.."
kind=${1:-base}
requirements=requirements/$kind.txt
[ -f "$requirements" ] || { echo "没有 $requirements，可选 base 或 dev。" >&2; exit 2; }

fingerprint() { (cksum "$requirements"; .venv/bin/python -V) 2>/dev/null | tr '\n' ' '; }

# dev holds all of base, so a dev stamp of today's files satisfies both.
stamp=.venv/.installed-$kind
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
    exit 0
fi

suitable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14 \
        /usr/bin/python3 /usr/local/bin/python3 python; do
        if [ -n "$candidate" ] && suitable "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "没有找到 Python 3.11 或更新的版本（要带 venv 和 pip）。" >&2
    echo "Debian、Ubuntu：apt-get install python3 python3-venv；或用 PYTHON=路径 make run 指定。" >&2
    return 1
}

if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python)
    echo "正在建立 Python 环境（.venv，$("$python" -V)）…"
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "正在安装 Python 部件（$requirements）…"
rm -f .venv/.installed-*
.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input \
    --require-hashes --requirement "$requirements" || {
    echo "Python 部件没有装全，请检查网络或 PIP_INDEX_URL 设置后重试。" >&2
    exit 1
}
fingerprint > "$stamp"
if [ "$kind" = dev ]; then
    (cksum requirements/base.txt; .venv/bin/python -V) | tr '\n' ' ' > .venv/.installed-base
fi
