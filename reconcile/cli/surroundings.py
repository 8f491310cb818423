"""Finds the surroundings of a run: the repository of its files, its CI page, and the pages of the documentation."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Manifest

_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY")
"""Variables with the path of the repository in GitHub, GitLab and Azure Pipelines."""

_TRACE_PARENT = re.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context. What later versions append is ignored, as the standard requires."""

_DOCS_URL = "RECONCILE_DOCS_URL"

_DOCS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,500})?")
"""Only characters that no format misreads, and no user or query, which could contain a secret."""

_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]{1,500}")


def find_paths(
    manifest: Manifest | None, diagnostics: Iterable[Diagnostic], environ: Mapping[str, str]
) -> Mapping[str, str]:
    """
    Find the path in the repository of every file that a plan names.

    The repository is that of the CI system or, for a file elsewhere, the nearest directory above it with `.git`, or
    else the working directory. A file in none of them keeps its name.

    Returns:
        The name of the file -> its path from the root, with `/`, without `.` and `..`. Files whose name equals this
        path are left out.
    """
    named = [source.file for each in diagnostics if (source := each.source)]
    if manifest is not None:
        named += [each.file for each in manifest.files]
        named += dict.fromkeys(job.source.file for job in manifest.jobs)
        named += [source.file for each in manifest.warnings if (source := each.source)]
    roots = [environ[name] for name in _ROOTS if environ.get(name)]
    paths = {file: _find_path(file, roots) for file in dict.fromkeys(named)}
    return {file: path for file, path in paths.items() if path != file}


def _find_path(file: str, roots: Sequence[str]) -> str:
    if file == "-" or "\0" in file:
        return file
    # The root and the file may be named by different links.
    for resolve in (os.path.abspath, os.path.realpath):
        place = Path(resolve(file))
        repository = next((each for each in place.parents if (each / ".git").exists()), None)
        for root in (*(Path(resolve(root)) for root in roots), repository, Path(resolve("."))):
            if root is not None and place.is_relative_to(root):
                return place.relative_to(root).as_posix()
    return file


def find_run_url(environ: Mapping[str, str]) -> str | None:
    """Find the page of the CI run: of the job in GitLab, the run in GitHub, the build in Azure Pipelines."""
    if environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        url = f"{server}/{quote(repository)}/actions/runs/{quote(environ['GITHUB_RUN_ID'], safe='')}"
    elif environ.get("CI_JOB_URL"):
        url = environ["CI_JOB_URL"]
    elif environ.get("SYSTEM_COLLECTIONURI") and environ.get("BUILD_BUILDID"):
        project = quote(environ.get("SYSTEM_TEAMPROJECT", ""), safe="")
        build = quote(environ["BUILD_BUILDID"], safe="")
        url = f"{environ['SYSTEM_COLLECTIONURI']}{project}/_build/results?buildId={build}"
    else:
        return None
    return url if _URL.fullmatch(url) else None


def find_docs_url(environ: Mapping[str, str]) -> str | None:
    """Find where the documentation is published, without a final "/"; None if that is not set or invalid."""
    url = environ.get(_DOCS_URL, "")
    return url.rstrip("/") if _DOCS.fullmatch(url) else None


def check_docs_url(environ: Mapping[str, str]) -> None:
    """Raise UsageError if the URL of the documentation is set but invalid."""
    if _DOCS_URL in environ and find_docs_url(environ) is None:
        message = f"{_DOCS_URL} is not the URL of a site: https://, a host, and a path without '?' or '#'"
        hint = f"set it as in {_DOCS_URL}=https://docs.example.com/reconcile, or unset it"
        raise UsageError.because(Code.USAGE, message, hint=hint)


def find_trace_parent(environ: Mapping[str, str]) -> str | None:
    """Find the span that this run belongs to, in the variable of OpenTelemetry; None if that is not set or invalid."""
    found = _TRACE_PARENT.match(environ.get("TRACEPARENT", ""))
    rest = environ["TRACEPARENT"][found.end() :] if found else ""
    return found[0] if found and (not rest or (rest[0] == "-" and found[0][:2] != "00")) else None
