"""The settings of the app and the options of Graph in a simulation."""

from dataclasses import replace

from emulator.graph.options import TENANT_ID, GraphOptions
from hasten import settings
from hasten.settings import Settings
from tests.fakes.sign_in import API_CLIENT_ID
from tests.simulation.bus import epoch
from tests.simulation.webhook import Webhooks

SECRET = "only the simulation knows this client state secret"
USERS = 400


def graph_options(given: GraphOptions | None, seed: int, webhooks: Webhooks) -> GraphOptions:
    options = given or GraphOptions.kind(users=USERS)
    return replace(options, seed=seed, wall=epoch, webhooks=webhooks)


def app_settings() -> Settings:
    return settings.load(
        {
            "HASTEN_TENANT_ID": TENANT_ID,
            "HASTEN_CLIENT_STATE_SECRET": SECRET,
            "HASTEN_PUBLIC_URL": "https://hasten.example",
            "HASTEN_API_CLIENT_ID": API_CLIENT_ID,
            "HASTEN_STORE": "memory",
            "ServiceBusConnection": "simulated",
        }
    )
