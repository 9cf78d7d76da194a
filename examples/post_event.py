"""Posts an onboarding event with azure-servicebus.

    python examples/post_event.py examples/events/onboard.json --namespace sb-hasten-abc
    python examples/post_event.py --type hasten.user.onboard.v1 --target TOTAL \
        --user employeeId=E00900 --group TOTAL-Engineering --settings var/settings.json

`--namespace` is the deployed Service Bus namespace. The sender is the identity that is signed in
(`az login`, or a managed identity). It needs the role Azure Service Bus Data Sender on the queue.
`--settings` names a file with a connection string: `make local` writes var/settings.json.
"""

import argparse
import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.servicebus import ServiceBusClient, ServiceBusMessage

QUEUE = "onboarding-events"
CONTENT_TYPE = "application/cloudevents+json"


def main() -> None:
    arguments = _arguments()
    event = _event(arguments)
    message = ServiceBusMessage(
        json.dumps(event), content_type=CONTENT_TYPE, message_id=event["id"]
    )
    with _client(arguments) as client, client.get_queue_sender(QUEUE) as sender:
        sender.send_messages(message)
    print(f"posted {event['type']} as {event['id']} of {event['source']}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Posts an onboarding event.")
    parser.add_argument("file", nargs="?", type=Path, help="an event as JSON")
    parser.add_argument("--type", help="instead of a file, such as hasten.user.onboard.v1")
    parser.add_argument("--target", help="name of the target in targets.yaml")
    parser.add_argument(
        "--user",
        action="append",
        type=_user,
        default=[],
        metavar="KEY=VALUE",
        help="id, upn, mail or employeeId; repeatable",
    )
    parser.add_argument("--group", help="display name or object id")
    parser.add_argument("--source", default="/examples")
    parser.add_argument("--as-is", action="store_true", help="keep id and time of the file")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--namespace", help="such as sb-hasten-abc, or its full host name")
    where.add_argument("--settings", type=Path, help="a file like local.settings.json")
    arguments = parser.parse_args()
    if (arguments.file is None) == (arguments.type is None):
        parser.error("give either a file or --type")
    if arguments.type and not arguments.target:
        parser.error("--type needs --target")
    return arguments


def _event(arguments: argparse.Namespace) -> dict[str, Any]:
    """An event is known by source and id, and the newest time wins: both are made anew."""
    fresh = {"id": str(uuid.uuid4()), "time": datetime.now(UTC).isoformat()}
    if arguments.file:
        event = _read(arguments.file)
        return event if arguments.as_is else {**event, **fresh}
    data: dict[str, Any] = {"target": arguments.target}
    if arguments.user:
        data["users"] = [dict([user]) for user in arguments.user]
    if arguments.group:
        group = {"id" if _is_id(arguments.group) else "name": arguments.group}
        one_of_many = arguments.type == "hasten.user.offboard.v1"
        data |= {"groups": [group]} if one_of_many else {"group": group}
    return {
        "specversion": "1.0",
        "source": arguments.source,
        "type": arguments.type,
        "data": data,
        **fresh,
    }


def _user(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{given}: write it like employeeId=E00900")
    return key, value


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"{file} cannot be read: {error.strerror}")
    except ValueError as error:
        sys.exit(f"{file} is not JSON: {error}")
    if not isinstance(found, dict):
        sys.exit(f"{file} holds no JSON object")
    return found


def _is_id(group: str) -> bool:
    try:
        uuid.UUID(group)
    except ValueError:
        return False
    return True


def _client(arguments: argparse.Namespace) -> ServiceBusClient:
    if arguments.namespace:
        host = arguments.namespace if "." in arguments.namespace else _host(arguments.namespace)
        return ServiceBusClient(host, DefaultAzureCredential())
    connection = _read(arguments.settings).get("Values", {}).get("ServiceBusConnection")
    if not connection:
        sys.exit(f"{arguments.settings} has no ServiceBusConnection: give --namespace instead")
    return ServiceBusClient.from_connection_string(connection)


def _host(namespace: str) -> str:
    return f"{namespace}.servicebus.windows.net"


if __name__ == "__main__":
    main()
