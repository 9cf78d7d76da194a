#!/bin/sh
# Posts an onboarding event over HTTPS with curl, for systems without an SDK.
#
#   SERVICEBUS_NAMESPACE=sb-hasten-abc examples/post_event.sh examples/events/onboard.json
#
# The sender is the user of `az login`, who needs the role Azure Service Bus Data Sender on the queue.
# Put a new id and time into the file before each post. For the emulator use post_event.py, because
# `az` signs in only to Azure.
set -eu

file=${1:?name a file with an event}
: "${SERVICEBUS_NAMESPACE:?the name of the namespace, without .servicebus.windows.net}"

token=$(az account get-access-token --resource https://servicebus.azure.net --query accessToken --output tsv)

# The token goes through stdin, so that no process list shows it.
printf 'Authorization: Bearer %s\n' "$token" |
    curl --fail-with-body --silent --show-error --retry 3 \
        --header @- \
        --header 'Content-Type: application/cloudevents+json' \
        --data-binary @"$file" \
        "https://$SERVICEBUS_NAMESPACE.servicebus.windows.net/onboarding-events/messages?api-version=2015-01"
echo "posted $file"
