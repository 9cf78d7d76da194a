"""A wrong setting hides no function: each invocation fails with the line that names the setting, no
message is taken, and once the setting is right the next invocation works."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import azure.functions as func
import pytest

from emulator.functions import decoding
from emulator.functions.app import HTTP, SERVICE_BUS, TIMER, Function, load
from hasten.adapters.telemetry.failures import FunctionFailedError
from hasten.limits import REDELIVERY_PAUSE
from tests.integration.worker.samples import SAMPLES, Bus, given
from tests.support.virtual_time import START, now, virtual

ROOT = Path(__file__).parents[3]
FUNCTIONS: Mapping[str, Function] = {function.name: function for function in load(ROOT, None)}
pytestmark = pytest.mark.usefixtures("configured")

UNRESOLVED = "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/client-state)"
KEY = "SharedAccessKeyName=n;SharedAccessKey=k"
WRONG = {
    "missing": ("HASTEN_TENANT_ID", ""),
    "unresolved": ("HASTEN_CLIENT_STATE_SECRET", UNRESOLVED),
    "no address": ("HASTEN_STORE", "somewhere"),
    "no connection string": ("ServiceBusConnection", "somewhere"),
    "no host": ("HASTEN_STORE", "https://[account.table.core.windows.net"),
    "one queue": ("ServiceBusConnection", f"Endpoint=sb://b;{KEY};EntityPath=ensure"),
    "no host of a bus": ("ServiceBusConnection", f"Endpoint=sb://[::1;{KEY}"),
    "no port": ("ServiceBusConnection", f"Endpoint=sb://b:port;{KEY}"),
    "no file": ("HASTEN_TARGETS", "/nowhere/targets.yaml"),
}
"""What is wrong: the setting, and its value."""


def of(*kinds: str) -> list[str]:
    return [name for name, function in FUNCTIONS.items() if function.kind in kinds]


FACES = ["api", "page"]
WEBHOOKS = [name for name in of(HTTP) if name not in FACES]


def request(name: str) -> func.HttpRequest:
    return func.HttpRequest(method="POST", url=f"/{name}", params={}, body=b'{"value": [{}]}')


def argument(name: str) -> object:
    sample = SAMPLES[name]
    if isinstance(sample, Bus):
        return decoding.message(str(given(sample.message)["body"]))
    return decoding.timer(past_due=False)


def refused(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The functions that say so, and the reason of each."""
    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "hasten"]
    return [(e["function"], e["reason"]) for e in lines if e["event"] == "configuration"]


@pytest.mark.parametrize("name", of(SERVICE_BUS, TIMER))
@pytest.mark.parametrize(("setting", "value"), WRONG.values(), ids=WRONG)
def test_a_queue_function_or_a_timer_fails_with_the_line_that_names_the_setting(
    name: str,
    setting: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(setting, value)
    named = value if setting == "HASTEN_TARGETS" else setting

    @virtual
    async def invoke() -> None:
        with pytest.raises(FunctionFailedError, match=named):
            await FUNCTIONS[name].run(argument(name))
        # A message must not come again at once, ten times within a moment.
        assert now() == START + (REDELIVERY_PAUSE if name in of(SERVICE_BUS) else timedelta())

    invoke()

    [(function, reason)] = refused(caplog)
    assert function == name
    assert named in reason


@pytest.mark.parametrize("name", WEBHOOKS)
@pytest.mark.parametrize(("setting", "value"), WRONG.values(), ids=WRONG)
async def test_a_webhook_answers_503_so_that_graph_sends_again(
    name: str,
    setting: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(setting, value)

    answer = await FUNCTIONS[name].run(request(name))

    assert (answer.status_code, answer.get_body()) == (503, b"")
    assert [function for function, _ in refused(caplog)] == [name]


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize(("setting", "value"), WRONG.values(), ids=WRONG)
async def test_the_api_and_the_pages_answer_503_and_name_no_setting(
    name: str,
    setting: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(setting, value)

    answer = await FUNCTIONS[name].run(request(name))

    assert answer.status_code == 503
    assert setting.encode() not in answer.get_body()
    assert [function for function, _ in refused(caplog)] == [name]


@pytest.mark.parametrize("name", WEBHOOKS)
async def test_a_corrected_setting_is_enough(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = "x" * 32
    monkeypatch.setenv("HASTEN_CLIENT_STATE_SECRET", UNRESOLVED)
    assert (await FUNCTIONS[name].run(request(name))).status_code == 503

    monkeypatch.setenv("HASTEN_CLIENT_STATE_SECRET", right)

    assert (await FUNCTIONS[name].run(request(name))).status_code == 202


@pytest.mark.parametrize("name", of(SERVICE_BUS))
@pytest.mark.parametrize(
    "broken", ["hasten.app.targets_file.load", "hasten.context.Context.__init__"]
)
def test_an_app_that_cannot_be_built_takes_no_message_and_gives_none_back_at_once(
    name: str, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(broken, breaks)

    @virtual
    async def invoke() -> None:
        with pytest.raises(FunctionFailedError, match="KeyError"):
            await FUNCTIONS[name].run(argument(name))
        assert now() == START + REDELIVERY_PAUSE

    invoke()

    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "hasten"]
    [told] = [line for line in lines if line["event"] == "message"]
    assert (told["result"], told["queue"]) == ("crashed", FUNCTIONS[name].trigger["queueName"])


def test_every_function_was_tried() -> None:
    assert set(of(HTTP, SERVICE_BUS, TIMER)) == set(FUNCTIONS) == set(SAMPLES)
