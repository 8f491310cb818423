#!/usr/bin/env bash
# Rehearse the gate without an account: a simulator for each provider, then the plan. Options go to the plan.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p); rm -r "$folder"' EXIT
endpoints=()
for provider in servers volumes databases shares; do
  mkfifo "$folder/$provider"
  reconcile simulate --manifest . --var-file ids.json --provider "$provider" > "$folder/$provider" &
  read -r url < "$folder/$provider"
  endpoints+=(--endpoint "$provider=$url")
done
RECONCILE_TOKEN=any reconcile plan --var-file ids.json "${endpoints[@]}" "$@"
