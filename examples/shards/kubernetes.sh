#!/usr/bin/env bash
# Run all shards, then merge their plans, whatever has become of the shards; end with the code of the merged plan.
set -euo pipefail
cd "$(dirname "$0")"

# Wait until a Job has succeeded or failed. Its deadline sees to that.
await() {
  local ended=""
  until [[ "$ended" == *True* ]]; do
    sleep "${POLL_SECONDS:-5}"
    ended=$(kubectl get job "$1" --output \
      "jsonpath={.status.conditions[?(@.type=='Complete')].status}{.status.conditions[?(@.type=='Failed')].status}")
  done
}

kubectl delete job reconcile-shards reconcile-merge --ignore-not-found
kubectl apply --filename kubernetes.yaml
await reconcile-shards
kubectl apply --filename kubernetes-merge.yaml
await reconcile-merge
kubectl logs job/reconcile-merge
code=$(kubectl get pods --selector job-name=reconcile-merge --output \
  "jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}")
exit "${code:-1}"
