"""Reads the settings of a deployed app from the Azure Developer CLI: the outputs of infra/."""

import json
import shutil
import subprocess
from collections.abc import Mapping

from hasten.errors import PermanentError

COMMAND = ("env", "get-values", "--output", "json")
SETTING_OF = {"HASTEN_SERVICE_BUS": "ServiceBusConnection__fullyQualifiedNamespace"}
"""Settings by the name of their output, where the two differ."""

NEEDED_SETTINGS = ("HASTEN_TENANT_ID", "HASTEN_PUBLIC_URL", "HASTEN_STORE", "HASTEN_SERVICE_BUS")
AZURE = "AZURE_"
"""Prefix of the values that azd keeps for itself, such as AZURE_CLIENT_ID of a pipeline. None is a
setting of Hasten."""


def values() -> Mapping[str, str]:
    """Returns the settings. Raises PermanentError if azd is missing or fails, or the environment is
    not deployed."""
    azd = shutil.which("azd")
    if azd is None:
        raise PermanentError(
            "azd, the Azure Developer CLI, is not installed",
            "install it, or give --settings a file",
        )
    done = subprocess.run([azd, *COMMAND], capture_output=True, text=True, check=False)  # noqa: S603 - azd with fixed arguments
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise PermanentError(
            f"azd env get-values failed: {said[-1] if said else done.returncode}",
            "run it in the folder of the project, and choose an environment: azd env select",
        )
    found: Mapping[str, object] = json.loads(done.stdout)
    missing = [name for name in NEEDED_SETTINGS if not found.get(name)]
    if missing:
        raise PermanentError(
            f"the azd environment has no {missing[0]}", "deploy with azd provision first"
        )
    return {
        SETTING_OF.get(name, name): str(value)
        for name, value in found.items()
        if not name.startswith(AZURE)
    }
