"""
Build the wheel, install it alone into a new environment, and run the tests there, with no sources in reach.

It gets the oldest versions of its libraries that it says to work with; every other test has the newest.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run a command; end as it ends if it fails."""
    print("+", *command, flush=True)  # noqa: T201
    if code := subprocess.run(command, cwd=cwd, env=env, check=False).returncode:
        sys.exit(code)


def main() -> None:
    """Do it all in a temporary folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tools = project["dependency-groups"]["dev"]
    oldest = [re.sub(r">=([0-9.]+),?.*", r"==\1", library) for library in project["project"]["dependencies"]]
    unneeded = ("build", "coverage", "cyclonedx-bom", "import-linter", "mypy", "ruff", "types-")
    needed = [tool for tool in tools if not tool.startswith(unneeded)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--outdir", folder / "dist")
        (wheel,) = (folder / "dist").glob("*.whl")
        run(sys.executable, "-m", "venv", folder / "venv")
        python = folder / "venv" / "bin" / "python"
        run(python, "-m", "pip", "--quiet", "install", wheel, *needed)
        # By themselves, for a tool may want a newer one than we do.
        run(python, "-m", "pip", "--quiet", "install", "--no-deps", *oldest)
        for part in ("tests", "examples", "schemas", ".github"):
            shutil.copytree(ROOT / part, folder / "checkout" / part)
        for part in (
            "pyproject.toml",
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "Makefile",
            "action.yml",
            ".pre-commit-hooks.yaml",
        ):
            shutil.copy(ROOT / part, folder / "checkout")
        # What the examples need is not in the wheel; `make test` runs them, and more seeds and random runs.
        few = {**os.environ, "RECONCILE_SEEDS": "5", "RECONCILE_RUNS": "50"}
        tests = ("-m", "pytest", "--numprocesses", "auto", "--ignore", "tests/homes")
        run(python, *tests, cwd=folder / "checkout", env=few)


if __name__ == "__main__":
    main()
