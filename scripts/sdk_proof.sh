#!/bin/sh
# Runs the Azure SDK's own queue and session tests against the emulated Service Bus: the proof that
# the emulator is what the SDK takes it for. Needs the network once; takes about half an hour.
# Arguments go to pytest, e.g. `scripts/sdk_proof.sh -k defer`.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}
tests=$PWD/.tools/sdk_proof
version=$("$python" -c 'from importlib.metadata import version; print(version("azure-servicebus"))')

if [ ! -d "$tests/$version" ]; then
    mkdir -p "$tests/$version"
    "$python" -m pip download -qq --no-binary azure-servicebus --no-deps --dest "$tests" \
        "azure-servicebus==$version"
    tar -xzf "$tests/azure_servicebus-$version.tar.gz" -C "$tests/$version" --strip-components=1
fi
cp scripts/sdk_proof_conftest.py "$tests/$version/tests/conftest.py"
cd "$tests/$version/tests"
PYTHONPATH=$OLDPWD exec "$python" -m pytest -q -rf -p no:cacheprovider -c /dev/null --rootdir . \
    -o asyncio_mode=auto -W ignore --tb=short --show-capture=no ${SDK_PROOF_FILES:-test_queues.py test_sessions.py \
    async_tests/test_queues_async.py async_tests/test_sessions_async.py} "$@"
