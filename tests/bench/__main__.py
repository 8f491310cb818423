"""Measure: `python -m bench [FIGURE...]` with `tests` on the path; without a figure, all but those on request."""

import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import DEFAULT_JOBS, DEFAULT_ROUNDS, FIGURES, JOBS, ON_REQUEST, ROUNDS, Bench, Row
from bench.process import CORES, pin_client
from bench.server import running_server
from bench.table import render_result, render_rows

HERE = Path(__file__).parent
RESULT, TABLE = HERE / "result.json", HERE / "result.md"


def main(names: list[str]) -> int:
    """Measure the figures of these names, print their tables, keep the result; 1 if that cannot be done."""
    names = names or [name for name in FIGURES if name not in ON_REQUEST]
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure is called {', '.join(unknown)}; there are {', '.join(FIGURES)}", file=sys.stderr)  # noqa: T201
        return 1
    pin_client()
    measured: dict[str, dict[str, object]] = {}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        if server is None:
            print("nginx is not installed: install it, with its echo module", file=sys.stderr)  # noqa: T201
            return 1
        bench = Bench(folder=Path(folder), server=server)
        for name in names:
            load, began = os.getloadavg()[0], time.monotonic()
            mine = list(FIGURES[name](bench))
            print(f"## {name} ({time.monotonic() - began:.0f} s)\n\n{render_rows(mine)}\n", flush=True)  # noqa: T201
            measured[name] = _describe(name, mine, load=load, server=server.name)
            rows += mine
    if (JOBS, ROUNDS) == (DEFAULT_JOBS, DEFAULT_ROUNDS):  # anything less is a trial
        _keep(measured)
    goals = [row for row in rows if row.met is not None]
    print(f"{sum(row.met is True for row in goals)} of {len(goals)} goals met")  # noqa: T201
    return 0


def _describe(name: str, rows: list[Row], *, load: float, server: str) -> dict[str, object]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": f"make bench BENCH={name}",
        "server": server,
        "load": round(load, 1),
        "rows": [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows],
    }


def _keep(measured: dict[str, dict[str, object]]) -> None:
    """Put what was measured beside what was measured before on the same machine, in the order of the figures."""
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _name_processor(),
        "cores": len(CORES),
        "python": platform.python_version(),
    }
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    figures = {**(kept["figures"] if kept.get("machine") == machine else {}), **measured}
    result = {"machine": machine, "figures": {name: figures[name] for name in FIGURES if name in figures}}
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    TABLE.write_text(render_result(result))


def _name_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
