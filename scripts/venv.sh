#!/bin/sh
# Makes the virtual environment named by $1 with the newest tested Python found (3.13 down to 3.11),
# or with the one that $PYTHON names, and installs requirements-dev.txt into it. Python 3.13 comes first: Azure
# runs it, and it runs the tests a fifth faster than 3.11. pyenv has it where its `python3.13` on the path fails,
# because another version is chosen.
set -eu
venv=$1

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    of_pyenv=$(pyenv prefix 3.13 2>/dev/null || true)/bin/python3.13
    for candidate in ${PYTHON:-python3.13 "$of_pyenv" python3.12 python3.11 python3}; do
        if usable "$candidate"; then echo "$candidate"; return; fi
    done
    echo "Hasten needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python" >&2
    exit 1
}

python=$(find_python)
echo "Installing into $venv with $("$python" --version) (once)"
"$python" -m venv --clear "$venv"
install() { "$venv/bin/python" -m pip install -qq --no-compile --disable-pip-version-check "$@"; }
# uv takes seconds where pip takes most of a minute. It does not read pip's configuration: where it reaches no
# package index, pip installs the packages.
install "$(grep '^uv==' requirements-dev.txt)"
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" -r requirements-dev.txt ||
    install -r requirements-dev.txt
# Compiled are the modules that the tests import, and not the 16,000 of the Graph SDK or those of programs.
"$venv/bin/python" -m compileall -q -x 'msgraph/generated|/(graphql|mypyc?|pygments|setuptools|sqlalchemy)/' \
    "$venv/lib"
touch "$venv/.ready"
