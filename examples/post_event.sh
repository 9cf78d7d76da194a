#!/bin/sh
# Posts an onboarding event over HTTPS with curl and a SAS token, for systems without an SDK.
#
#   SERVICEBUS_NAMESPACE=my-namespace SAS_KEY_NAME=post-events SAS_KEY=... \
#       examples/post_event.sh examples/events/onboard.json
#
# The key needs the right "Send" on the queue onboarding-events alone. Put a new id and time into the
# file before each post. The emulator speaks AMQP only: there use post_event.py.
set -eu

file=${1:?name a file with an event}
: "${SERVICEBUS_NAMESPACE:?the name of the namespace, without .servicebus.windows.net}"
: "${SAS_KEY_NAME:?the name of the shared access policy}" "${SAS_KEY:?its key}"

url="https://$SERVICEBUS_NAMESPACE.servicebus.windows.net/onboarding-events"
expires=$(($(date +%s) + 300))

urlencode() { sed -e 's/%/%25/g' -e 's/+/%2B/g' -e 's#/#%2F#g' -e 's/=/%3D/g' -e 's/:/%3A/g'; }

resource=$(printf %s "$url" | urlencode)
signature=$(printf '%s\n%s' "$resource" "$expires" |
    openssl dgst -sha256 -hmac "$SAS_KEY" -binary | openssl base64 -A | urlencode)
token="SharedAccessSignature sr=$resource&sig=$signature&se=$expires&skn=$SAS_KEY_NAME"

# the token goes through stdin, so that no process list shows it
printf 'Authorization: %s\n' "$token" |
    curl --fail-with-body --silent --show-error --retry 3 \
        --header @- \
        --header 'Content-Type: application/cloudevents+json' \
        --data-binary @"$file" \
        "$url/messages?api-version=2015-01"
echo "posted $file"
