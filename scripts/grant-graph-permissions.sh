#!/usr/bin/env bash
# Grants the app's identity its permissions in Microsoft Graph. It does not change existing permissions.
#
#   scripts/grant-graph-permissions.sh PRINCIPAL_ID [SET ...]
#
# PRINCIPAL_ID is HASTEN_PRINCIPAL_ID of `azd env get-values`; the sets are the keys of
# infra/graph/permissions.json (default: always). Run it signed in (`az login`) as a Privileged Role
# Administrator.
set -euo pipefail

principal=${1:?the principal id of the app is missing: see HASTEN_PRINCIPAL_ID of "azd env get-values"}
shift
sets=("${@:-always}")
file=$(dirname "$0")/../infra/graph/permissions.json
graph=https://graph.microsoft.com/v1.0

permissions=$(python3 - "$file" "${sets[@]}" <<'PYTHON'
import json, sys

known = json.load(open(sys.argv[1]))
for name in sys.argv[2:]:
    if name not in known:
        sys.exit(f"no set {name}: one of {', '.join(known)}")
    print(*known[name], sep="\n")
PYTHON
)

graph_principal=$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --query id --output tsv)
granted=$(az rest --method get --url "$graph/servicePrincipals/$principal/appRoleAssignments" \
    --query "value[?resourceId=='$graph_principal'].appRoleId" --output tsv)

for permission in $permissions; do
    role=$(az ad sp show --id "$graph_principal" --output tsv \
        --query "appRoles[?value=='$permission' && contains(allowedMemberTypes, 'Application')].id")
    [ -n "$role" ] || { echo "$permission: Microsoft Graph has no such application permission" >&2; exit 1; }
    if grep -qxF "$role" <<<"$granted"; then
        echo "$permission: has it"
        continue
    fi
    az rest --method post --url "$graph/servicePrincipals/$principal/appRoleAssignments" --output none \
        --headers Content-Type=application/json \
        --body "{\"principalId\": \"$principal\", \"resourceId\": \"$graph_principal\", \"appRoleId\": \"$role\"}"
    echo "$permission: granted"
done
