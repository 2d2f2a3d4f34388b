#!/bin/sh
# Locks what pyproject.toml asks for, with hashes and without the address of any index. Needs pip-tools, in a place of its own.
set -eu
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check pip-tools

lock() {
  "$tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --annotation-style=line \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options "$@" pyproject.toml
}
lock --extra edl --output-file requirements.txt
lock --extra edl --extra clips --extra mesh --constraint requirements.txt --output-file requirements-kinds.txt
lock --extra dev --constraint requirements-kinds.txt --output-file requirements-dev.txt
lock --extra dev --extra bench --constraint requirements-dev.txt --output-file requirements-bench.txt
