#!/bin/sh
# Runs the Azure SDK's own queue and session tests against the emulated Service Bus, to show that the
# emulator behaves as the SDK expects. Needs the network once, and about a quarter of an hour.
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

export SDK_PROOF_LOGS="$home/logs"
rm -rf "$SDK_PROOF_LOGS"
mkdir "$SDK_PROOF_LOGS"
export SDK_PROOF_PYTEST="$python -m pytest -q -c /dev/null --rootdir . -p no:cacheprovider \
    -W ignore -o asyncio_mode=auto --tb=short --show-capture=no -rf"
$SDK_PROOF_PYTEST --collect-only "$@" test_queues.py test_sessions.py \
    async_tests/test_queues_async.py async_tests/test_sessions_async.py | grep :: >"$home/tests.txt"
# Each process runs a few tests. xargs fails when one of them fails; the summary shows which.
xargs -P "$jobs" -n 4 sh -c 'exec $SDK_PROOF_PYTEST "$@" >"$SDK_PROOF_LOGS/$$.txt" 2>&1' sh \
    <"$home/tests.txt" || true
grep -h '^FAILED' "$SDK_PROOF_LOGS"/* | sort || true
grep -hE '^[0-9]+ [a-z]+.* in [0-9.]+s' "$SDK_PROOF_LOGS"/* | grep -oE '[0-9]+ [a-z]+' |
    awk '{ sum[$2] += $1 } END { for (kind in sum) print sum[kind], kind }' |
    grep -E 'passed|failed|skipped|error'
echo "details: $SDK_PROOF_LOGS"
