#!/bin/sh
# Installs the Debian/Ubuntu packages that are missing; silent and instant when all is there.
#
# Usage: sh scripts/system-packages.sh run    what a running portal needs (PDF rendering)
#        sh scripts/system-packages.sh test   and what the test suite needs (browser, PDF tools)
#        sh scripts/system-packages.sh ci     and what checks the reverse proxy's settings
#
# As root or with sudo it installs; otherwise it prints the exact command and ends with 1.
set -eu
kind=${1:-run}

# libharfbuzz-subset0: without it WeasyPrint cuts fonts 60 times slower and only warns.
packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
case $kind in
    run) ;;
    test) packages="$packages chromium fonts-noto-cjk poppler-utils" ;;
    ci) packages="$packages chromium fonts-noto-cjk poppler-utils nginx-light openssl" ;;
    *) echo "用法：sh scripts/system-packages.sh run|test|ci" >&2; exit 2 ;;
esac

# Newer Debian and Ubuntu renamed libraries for 64-bit time (libpango-1.0-0 → …t64); both count.
present() {
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 'libpango*' 'libharfbuzz*' \
        chromium 'chromium-browser' 'fonts-noto-cjk' poppler-utils 'nginx*' openssl 2>/dev/null |
        sed -n 's/^installed //p'
}

libraries_found() {
    # Not a Debian: ask the loader for what the packages would bring.
    for library in libpango-1.0 libpangoft2-1.0 libharfbuzz-subset; do
        found=no
        if command -v ldconfig >/dev/null 2>&1 && ldconfig -p 2>/dev/null | grep -q "$library"; then
            found=yes
        fi
        for folder in /opt/homebrew/lib /usr/local/lib /usr/lib; do
            ls "$folder/$library".* >/dev/null 2>&1 && found=yes
        done
        [ $found = yes ] || { echo "$library"; }
    done
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    missing=$(libraries_found | tr '\n' ' ')
    if [ -n "$missing" ]; then
        echo "缺少系统库：$missing" >&2
        echo "请用系统的包管理器安装 Pango 和 HarfBuzz（macOS：brew install pango），再运行一次。" >&2
        exit 1
    fi
    exit 0
fi

here=" $(present | tr '\n,' '  ') "
missing=
for package in $packages; do
    case $here in
        *" $package "* | *" ${package}t64 "*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    echo "缺少系统部件：$missing" >&2
    echo "请让管理员运行：apt-get update && $install" >&2
    exit 1
fi

echo "正在安装系统部件：$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# RUNLEVEL=1: a web server that comes as a test tool is not started as a service.
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $install; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "系统部件没有装上。请手动运行：apt-get update && $install" >&2
    exit 1
fi
