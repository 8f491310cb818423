"""
Check all of a release that needs no account: `make release-check`, with TAG=v1.2.3 once there is a tag.

Build the commit that is checked out from two clones, and compare the bytes. Install the wheel alone into an empty
virtual environment, run it there without any variable, and write down what is in that environment. `dist` is left with
what belongs on the index, `build` with the bill of materials and the licences.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DISTRIBUTION = "reconcile-jobs"

_LIST_INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps([[each.name, each.version, each.requires or []] for each in distributions()]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A distribution in an environment; `requires` has its requirements as its metadata writes them."""

    version: str
    requires: Sequence[str]


def main(tag: str | None) -> None:
    """Do it all, and end at the first thing that is wrong. `tag` is that of the release, None before there is one."""
    dist, build = _empty(ROOT / "dist"), _empty(ROOT / "build")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, second = _build(folder / "first", umask=0o022), _build(folder / "a" / "second", umask=0o077)
        _demand(find_differences(first, second), "the build is not reproducible")
        for path in sorted(first.iterdir()):
            print(sha256(path.read_bytes()).hexdigest(), shutil.copy(path, dist))  # noqa: T201
        (wheel,) = dist.glob("*.whl")
        version = wheel.name.split("-")[1]
        _demand(find_mistakes_of_tag(tag, version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")), "wrong tag")
        python = make_environment(folder / "environment")
        _run("pip", "--python", python, "--quiet", "--disable-pip-version-check", "install", wheel)
        _try(python.with_name("reconcile"), version, folder)
        installed = list_installed(python)
        write_bill(python, version, build / "bill.cdx.json")
    bill = json.loads((build / "bill.cdx.json").read_text(encoding="utf-8"))
    _demand(find_gaps(bill, installed), "the bill of materials is not what is installed")
    (build / "licences.txt").write_text(render_licences(bill), encoding="utf-8")
    print(render_licences(bill), end="")  # noqa: T201
    print(f"{DISTRIBUTION} {version} can be released: {len(installed) - 1} packages are installed with it")  # noqa: T201


def find_differences(first: Path, second: Path) -> Iterator[str]:
    """Yield the names of files that two folders do not both have with the same bytes."""
    for name in sorted({path.name for folder in (first, second) for path in folder.iterdir()}):
        one, two = first / name, second / name
        if not (one.exists() and two.exists() and one.read_bytes() == two.read_bytes()):
            yield f"{name} differs between two builds of one commit"


def find_mistakes_of_tag(tag: str | None, version: str, changelog: str) -> Iterator[str]:
    """Yield what a tag says that its commit does not: another version, or one that the changelog does not describe."""
    if tag is not None and tag != f"v{version}":
        yield f"the tag is {tag}, and the version is {version}"
    if tag is not None and f"\n## [{version}]" not in changelog:
        yield f"CHANGELOG.md has no section [{version}]"


def make_environment(folder: Path) -> Path:
    """Make a virtual environment in which nothing is installed, not even pip; return its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def list_installed(python: Path) -> dict[str, Installed]:
    """Return the distributions of an environment, by canonical name."""
    command = [python, "-I", "-c", _LIST_INSTALLED]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {canonicalize_name(name): Installed(version=version, requires=requires) for name, version, requires in found}


def list_needed(installed: Mapping[str, Installed]) -> set[str]:
    """Return the canonical names of what we require, of what that requires, and so on, without ourselves."""
    needed: set[str] = set()
    waiting = [DISTRIBUTION]
    while waiting:
        requirements = map(Requirement, installed[waiting.pop()].requires)
        names = {canonicalize_name(each.name) for each in requirements if not each.marker or each.marker.evaluate()}
        waiting += [name for name in names - needed if name in installed]
        needed |= names
    return needed


def write_bill(python: Path, version: str, path: Path) -> None:
    """Write what is in an environment as CycloneDX. `version` is ours, which pyproject.toml does not name itself."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    described = path.with_name("pyproject.toml")
    described.write_text(project.replace('dynamic = ["version"]', f'version = "{version}"'), encoding="utf-8")
    _run("cyclonedx_py", "environment", python, "--pyproject", described, "--output-reproducible", "-o", path)
    described.unlink()


def find_gaps(bill: Mapping[str, Any], installed: Mapping[str, Installed]) -> Iterator[str]:
    """
    Yield what a bill of materials lacks or has too much, each as a sentence.

    It must name us, and exactly what is installed beside us, with version, licence and package URL. And exactly that
    must be needed: what nobody requires has no place beside us.
    """
    root = bill["metadata"]["component"]
    listed = {canonicalize_name(each["name"]): each for each in bill["components"]}
    beside = {name: each for name, each in installed.items() if name != DISTRIBUTION}
    if (root["name"], root.get("version")) != (DISTRIBUTION, installed[DISTRIBUTION].version):
        yield f"the bill is of {root['name']} {root.get('version')}"
    yield from (f"{name} is installed, and not in the bill" for name in sorted(beside.keys() - listed.keys()))
    yield from (f"{name} is in the bill, and not installed" for name in sorted(listed.keys() - beside.keys()))
    for name in sorted(beside.keys() & listed.keys()):
        version = beside[name].version
        if listed[name].get("version") != version:
            yield f"{name} {version} is installed, and the bill has {listed[name].get('version')}"
        if listed[name].get("purl") != f"pkg:pypi/{name}@{version}":
            yield f"{name} has the package URL {listed[name].get('purl')}"
        if not list_licences(listed[name]):
            yield f"{name} has no licence"
    yield from (f"{name} is installed, and nothing needs it" for name in sorted(beside.keys() - list_needed(installed)))


def list_licences(component: Mapping[str, Any]) -> list[str]:
    """Return the licences of a component: SPDX expressions and ids if there are any, else the names that it uses."""
    licences = component.get("licenses", [])
    exact = [text for each in licences if (text := each.get("expression") or each.get("license", {}).get("id"))]
    return exact or [name.removeprefix("License :: OSI Approved :: ") for each in licences for name in _name(each)]


def render_licences(bill: Mapping[str, Any]) -> str:
    """Render one line per component: name, version, licences."""
    components = [bill["metadata"]["component"], *bill["components"]]
    rows = [(f"{each['name']} {each['version']}", ", ".join(list_licences(each))) for each in components]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:{width}}  {licences}\n" for name, licences in rows)


def _name(licence: Mapping[str, Any]) -> Iterator[str]:
    if name := licence.get("license", {}).get("name"):
        yield name


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _build(folder: Path, *, umask: int) -> Path:
    """Build sdist and wheel from a clone of the commit, with the tools of this environment; return their folder."""
    folder.parent.mkdir(exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, umask=umask)
    log = ["git", "log", "-1", "--format=%ct"]
    epoch = subprocess.run(log, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    _run("build", "--no-isolation", folder, umask=umask, env={**os.environ, "SOURCE_DATE_EPOCH": epoch})
    return folder / "dist"


def _try(reconcile: Path, version: str, folder: Path) -> None:
    """Run the program with no variable at all, not even PATH."""
    printed = subprocess.run([reconcile, "--version"], env={}, cwd=folder, capture_output=True, text=True, check=True)
    _demand([] if version in printed.stdout else [f"--version prints {printed.stdout!r}"], "wrong version")
    subprocess.run([reconcile, "demo"], env={}, cwd=folder, stdout=subprocess.DEVNULL, check=True)


def _run(module: str, *arguments: str | Path, umask: int = -1, env: Mapping[str, str] | None = None) -> None:
    """Run a module of this environment; end as it ends if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    if code := subprocess.run(command, umask=umask, env=env, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(code)


def _demand(mistakes: Iterable[str], what: str) -> None:
    if found := list(mistakes):
        sys.exit("\n".join([f"error: {what}", *(f"  {each}" for each in found)]))


if __name__ == "__main__":
    main(os.environ.get("TAG"))
