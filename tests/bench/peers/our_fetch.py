"""Fetch the jobs of a manifest with `fetch_all`, CONCURRENCY at once; print the seconds that took, and no more."""

import io
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from reconcile.fetch import fetch_all, open_transport, resolve_targets
from reconcile.manifest import load_manifests
from reconcile.model import Observed


def main() -> None:
    """Fail unless every job was observed."""
    path, url, concurrency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    manifest = load_manifests(["-"], now=datetime.now(UTC), stdin=io.BytesIO(path.read_bytes()))
    targets = resolve_targets(manifest.providers.values(), endpoints=[url], environ={"RECONCILE_TOKEN": "bench"})
    began = time.perf_counter()
    fetched = fetch_all(
        manifest.jobs,
        targets,
        transport=open_transport(concurrency=concurrency),
        timeout=300,
        concurrency=concurrency,
    )
    print(time.perf_counter() - began)  # noqa: T201
    sys.exit(0 if all(isinstance(each.observation, Observed) for each in fetched) else 1)


if __name__ == "__main__":
    main()
