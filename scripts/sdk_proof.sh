#!/bin/sh
# Runs the Azure SDK's own queue and session tests against the emulated Service Bus: the proof that
# the emulator is what the SDK takes it for. Needs the network once, and about a quarter of an hour.
# Arguments choose among the tests, e.g. `scripts/sdk_proof.sh -k defer`.
set -eu
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD"
python=${PYTHON:-$PWD/.venv/bin/python}
jobs=${JOBS:-12} # the tests mostly sleep
version=$("$python" -c 'from importlib.metadata import version; print(version("azure-servicebus"))')
home=$PWD/.tools/sdk_proof
sources=$home/azure_servicebus-$version

if [ ! -d "$sources" ]; then
    mkdir -p "$home"
    "$python" -m pip download -qq --no-binary azure-servicebus --no-deps --dest "$home" \
        "azure-servicebus==$version"
    tar -xzf "$sources.tar.gz" -C "$home"
fi
cp scripts/sdk_proof_conftest.py "$sources/tests/conftest.py"
cd "$sources/tests"

pytest="$python -m pytest -q -c /dev/null --rootdir . -p no:cacheprovider -W ignore \
    -o asyncio_mode=auto --tb=short --show-capture=no -rf"
$pytest --collect-only "$@" test_queues.py test_sessions.py async_tests/test_queues_async.py \
    async_tests/test_sessions_async.py | grep :: >"$home/tests.txt"
# Each process takes a few tests; xargs fails when one of them does, which the summary tells better.
xargs -P "$jobs" -n 4 $pytest <"$home/tests.txt" >"$home/log.txt" 2>&1 || true
grep '^FAILED' "$home/log.txt" | sort || true
awk '/ in [0-9.]+s/ { for (i = 2; i <= NF; i++) if ($i ~ /^(passed|failed|xpassed|xfailed|skipped|error)/) {
        sub(/,$/, "", $i); sum[$i] += $(i - 1) } }
     END { for (kind in sum) print sum[kind], kind }' "$home/log.txt"
echo "details: $home/log.txt"
