#!/bin/sh
# Whether anything that is locked is known to be vulnerable. Needs pip-audit, in a place of its own, and the feed it asks.
set -eu
skip() { echo "Not audited: $1"; exit 0; }
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check pip-audit 2>"$tools/why" \
  || skip "pip-audit could not be installed ($(tail -n 1 "$tools/why"))."
code=0
"$tools/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off --timeout 20 \
  --requirement requirements-dev.txt >"$tools/said" 2>"$tools/why" || code=$?
if grep -qiE 'ConnectionError|ServiceError|ReadTimeout|ConnectTimeout|Max retries|HTTPError' "$tools/why"; then
  skip "the feed of known vulnerabilities could not be asked ($(grep -iE 'error|timeout' "$tools/why" | tail -n 1 | cut -c 1-160))."
fi
asked=$(grep -c '==' requirements-dev.txt)
unknown=$(grep -c 'could not be audited' "$tools/said" || true)
[ "$unknown" -lt "$asked" ] || skip "the feed that was asked knows none of the $asked packages."
cat "$tools/said" "$tools/why"
exit "$code"
