#!/bin/sh
# Makes the namespace and registers the search attribute that approvals are found by. May be run again.
set -eu

: "${TEMPORAL_ADDRESS:?}" "${TEMPORAL_NAMESPACE:?}"

attempt=0
until temporal operator cluster health; do
  attempt=$((attempt + 1))
  [ "$attempt" -lt 60 ] || exit 1
  sleep 2
done

temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention 168h -n "$TEMPORAL_NAMESPACE"

# A new namespace is known to the server's other services only after their caches are refreshed.
attempt=0
until temporal operator search-attribute list -n "$TEMPORAL_NAMESPACE" | grep -q ApprovalState; do
  temporal operator search-attribute create -n "$TEMPORAL_NAMESPACE" --name ApprovalState --type Keyword || true
  attempt=$((attempt + 1))
  [ "$attempt" -lt 60 ] || exit 1
  sleep 2
done
