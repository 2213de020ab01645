#!/bin/sh
# Provides a Chromium for the browser tests: nothing to do where one is on the PATH, else the distribution's package.
# Never fails: without a Chromium the browser tests are skipped, and say so.
set -u

find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

give_up() {
    echo "no Chromium, so the browser tests will be skipped; $1" >&2
    exit 0
}

find_chromium && exit 0
command -v apt-get >/dev/null 2>&1 || give_up "install chromium or google-chrome"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    give_up "type: sudo apt-get install chromium"
fi

echo "installing Chromium for the browser tests (once; about a minute) ..." >&2
export DEBIAN_FRONTEND=noninteractive
install="apt-get install --yes --quiet=2 --no-install-recommends chromium"
# The package lists may be missing or older than the archive: one update, then once more.
{ $as_root $install || { $as_root apt-get update --quiet=2 && $as_root $install; }; } >/dev/null 2>&1
find_chromium || give_up "'apt-get install chromium' failed"
