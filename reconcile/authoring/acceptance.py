"""
Drifts of a job -> edits of its manifest, so that it expects what was observed.

An edit is as small as possible and never expects less than what was observed: a value becomes the observed value, a
bound moves just far enough, and a list of sub-jobs becomes the observed list. Anything that would be a guess is
refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

from reconcile.authoring.description import InexpressibleError, describe_items, describe_sub_jobs, describe_value
from reconcile.document import Document, Mark, Node
from reconcile.document.editing import Edit, Obstacle
from reconcile.duration import parse_duration
from reconcile.instant import parse_rfc3339
from reconcile.judge import ORDER, STUCK, find_sensitive_fields
from reconcile.model.manifest import (
    Absence,
    Count,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Match,
    Moment,
    Span,
    SubJobsExpectation,
)
from reconcile.model.observation import Missing, Observed, Unobserved
from reconcile.model.plan import Finding, JobPlan, Truth
from reconcile.model.value import JsonValue

_Path: TypeAlias = tuple[str | int, ...]

_SUB_JOBS: Final = "sub_jobs"
_COUNT: Final = "count"
_OF_ITEM: Final = re.compile(r"sub_jobs\[([0-9]+)\]\.([a-z_]+)")
_ALONE: Final = re.compile(r"sub_jobs\[\+?[0-9]+\]")
"""The path of an item without a sub-job, or of a sub-job without an item."""
_OF_EACH: Final = re.compile(r"sub_jobs\.each|sub_jobs\[\+[0-9]+\]\..+")
_TEXTS: Final = frozenset({"job_type", "error_code", "fail_reason"})
_ONE: Final = Count(min=1, max=1)
_BY_HAND: Final = "edit the manifest by hand, or leave this job out"

_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    Span.DURATION.value: parse_duration,
    Moment.BEGIN_TIME.value: parse_rfc3339,
    Moment.END_TIME.value: parse_rfc3339,
    _COUNT: int,
}
"""How to read a value with bounds, by its name, so that it can be compared."""


class _RefusedError(ValueError):
    """No edit is possible without guessing; the message says why."""

    def __init__(self, message: str, hint: str = _BY_HAND) -> None:
        super().__init__(message)
        self.hint = hint


def accept_job(document: Document, plan: JobPlan) -> tuple[Sequence[Edit], Sequence[Obstacle]]:
    """
    Return the edits that accept all drifts of a job except the waived ones, and the obstacles.

    Args:
        document: the manifest that declares the job, as written, with its references.
        plan: the plan of any job, whether it has drifted, and even if it was not observed.
    """
    path: _Path = ("jobs", plan.job.address.partition("[")[0].rpartition(".")[2])
    try:
        expectation, observed = _check_job(plan)
    except _RefusedError as error:
        message = f"{plan.job.address} cannot be accepted: {error}"
        return (), (Obstacle(document.find_mark(path, at_key=True), message, error.hint),)
    acceptance = _Acceptance(document, path, plan, expectation, observed)
    edits = tuple(acceptance.find_edits())
    return edits, tuple(acceptance.obstacles)


def can_accept(plan: JobPlan) -> bool:
    """Return whether a job has drifted, and nothing but the text of its manifest can rule out accepting that."""
    drifts = _list_drifts(plan)
    try:
        expectation, observed = _check_job(plan)
        for drift in drifts:
            _check_drift(drift, expectation, observed)
    except _RefusedError:
        return False
    return bool(drifts)


def _check_job(plan: JobPlan) -> tuple[Expectation, Observed]:
    """Return expectation and observation, if the observation may become the expectation."""
    observed, expectation = plan.observation, plan.job.expect
    match observed:
        case Unobserved(problem=problem):
            raise _RefusedError(f"it was not observed: {problem.message}", "fix that, then run plan again")
        case Missing():
            raise _RefusedError("the job API has no such job, so there is nothing to expect of it")
        case Observed():
            pass
    if isinstance(expectation, Absence):
        raise _RefusedError("it is expected to be absent, but it exists")
    if plan.problems:
        raise _RefusedError(f"it could not be decided: {plan.problems[0].message}")
    if "[" in plan.job.address:
        raise _RefusedError("it comes from for_each, and shares its declaration with other jobs")
    if find_sensitive_fields(expectation):
        raise _RefusedError("it is compared with a sensitive value, which a saved plan does not keep")
    if not plan.job.provider.api.statuses[observed.status].terminal:
        raise _RefusedError(f"it is {observed.status}, and its result is not known yet", _advise_unfinished(plan))
    return expectation, observed


def _advise_unfinished(plan: JobPlan) -> str:
    """Say what to do about a job that has not ended; only one that has not drifted is waited for."""
    paths = {drift.path for drift in _list_drifts(plan)}
    if STUCK in paths:
        return "find out why it does not go on; if it only needs longer, raise 'stuck' by hand"
    if paths:
        return "run plan again when it has ended; --wait does not wait for a job that has drifted"
    return "plan again when it has ended: reconcile plan --wait 10m"


def _list_drifts(plan: JobPlan) -> Sequence[Finding]:
    return [each for each in plan.findings if each.truth is Truth.CANNOT_HOLD and each.waiver is None]


def _check_drift(drift: Finding, expectation: Expectation, observed: Observed) -> None:
    """Refuse a drift that no edit could accept, wherever its expectation is written."""
    again = "run the job again, then run plan again"
    path, sub_jobs = drift.path, expectation.sub_jobs
    if path == ORDER:
        raise _RefusedError("it is about the order of two jobs", again)
    if path == STUCK:
        raise _RefusedError("it was stuck, and the next run need not be", again)
    if path == Span.AGE:
        raise _RefusedError("it keeps growing, and would drift again", again)
    if path == Span.DURATION and observed.end_time is None:
        raise _RefusedError("its end time is not known")
    if sub_jobs is None or sub_jobs.implied:
        return
    if _OF_EACH.fullmatch(path):
        raise _RefusedError("it applies to every sub-job, and cannot be edited for one alone")
    if _ALONE.fullmatch(path) and sub_jobs.match is Match.NONE:
        raise _RefusedError("it matches an item that must match none")
    if _ALONE.fullmatch(path) and sub_jobs.match is Match.CONTAINS:
        raise _RefusedError("removing its item would leave it unchecked")


class _Acceptance:
    """Finds the edits for one job; `obstacles` collects what cannot be accepted."""

    __slots__ = ("_api", "_document", "_expectation", "_observed", "_path", "_plan", "obstacles")

    def __init__(
        self, document: Document, path: _Path, plan: JobPlan, expectation: Expectation, observed: Observed
    ) -> None:
        self._document = document
        self._path: _Path = (*path, "expect")
        self._plan = plan
        self._api = plan.job.provider.api
        self._expectation = expectation
        self._observed = observed
        self.obstacles: list[Obstacle] = []

    def find_edits(self) -> Iterator[Edit]:
        """Yield the edits, one for each place."""
        drifts = []
        for drift in _list_drifts(self._plan):
            try:
                _check_drift(drift, self._expectation, self._observed)
                drifts.append(drift)
            except _RefusedError as error:
                self._add_obstacle(drift.path, error)
        of_sub_jobs = [drift for drift in drifts if drift.path.startswith(_SUB_JOBS)]
        for drift in drifts:
            if not drift.path.startswith(_SUB_JOBS):
                yield from self._try(drift.path, self._accept_value, drift, (drift.path,))
        expected = self._expectation.sub_jobs
        if expected is None or expected.implied:
            if of_sub_jobs or any(drift.path == Field.STATUS for drift in drifts):
                yield from self._try(_SUB_JOBS, self._write_out_sub_jobs, expected, bool(of_sub_jobs))
        elif of_sub_jobs:
            yield from self._accept_sub_jobs(expected, of_sub_jobs)

    def _try(self, path: str, accept: Callable[..., Iterator[Edit]], *args: object) -> Iterator[Edit]:
        """Yield the edits for a path, or record why there are none."""
        try:
            yield from tuple(accept(*args))
        except (_RefusedError, InexpressibleError) as error:
            self._add_obstacle(path, error)

    def _add_obstacle(self, path: str, error: _RefusedError | InexpressibleError) -> None:
        hint = error.hint if isinstance(error, _RefusedError) else _BY_HAND
        message = f"{path} of {self._plan.job.address} cannot be accepted: {error}"
        self.obstacles.append(Obstacle(self._find_mark(path), message, hint))

    def _find_mark(self, path: str) -> Mark:
        """Return the mark of the key of an expectation, or of the job if it has no such key."""
        key = path.partition("[")[0].partition(".")[0]
        place = (*self._path, key) if self._is_own(key) else self._path[:-1]
        return self._document.find_mark(place, at_key=True)

    def _is_own(self, *keys: str | int) -> bool:
        """Return whether the job itself, rather than the defaults, has this expectation."""
        return _has(self._document.root, (*self._path, *keys))

    def _set(self, keys: Sequence[str | int], value: JsonValue) -> Edit:
        """Make the edit that sets an expectation; refuse to replace a reference."""
        path = (*self._path, *keys)
        for depth in range(2, len(path) + 1):
            if not _has(self._document.root, path[:depth]):
                break
            node = _get(self._document.root, path[:depth])
            # A string on the path can only be a reference to the expectation there.
            if (isinstance(node, str) or depth == len(path)) and _refers(node):
                raise _RefusedError("its value comes from a variable that other jobs may use")
        return Edit(path, value)

    # --- Fields ---

    def _accept_value(self, drift: Finding, keys: Sequence[str | int]) -> Iterator[Edit]:
        """Yield the edit of a value or of one bound; if it comes from the defaults, write it out for the job."""
        name = str(keys[-1])
        if name not in _READERS:
            yield self._set(keys, _describe_plainly(drift.actual))
            return
        expected = drift.expected if isinstance(drift.expected, Mapping) else {}
        bound = _find_violated(expected, drift.actual, _READERS[name])
        if self._is_own(*keys):
            yield self._set((*keys, bound), drift.actual)
        else:
            yield self._set(keys, {**expected, bound: drift.actual})

    # --- Sub-jobs ---

    def _write_out_sub_jobs(self, expected: SubJobsExpectation | None, drifted: bool) -> Iterator[Edit]:
        """
        Write out all sub-jobs if the edit removes what success implied about them.

        Also do so if the new expected success would imply something that does not hold.
        """
        succeeded = self._observed.status == self._api.success
        any_failed = any(each.status == self._api.failure for each in self._observed.sub_jobs)
        if drifted or (any_failed if succeeded else expected is not None):
            yield self._describe_all(Match.EXACT, (_SUB_JOBS,))

    def _accept_sub_jobs(self, expected: SubJobsExpectation, drifts: Sequence[Finding]) -> Iterator[Edit]:
        rest = []
        for drift in drifts:
            if drift.path == f"{_SUB_JOBS}.{_COUNT}":
                yield from self._try(drift.path, self._accept_count, drift, (_SUB_JOBS, _COUNT))
            else:
                rest.append(drift)
        if not rest:
            return
        if any(_ALONE.fullmatch(drift.path) for drift in rest) or not self._is_own(_SUB_JOBS, "items", 0):
            yield from self._try(_SUB_JOBS, self._rewrite_items, expected)
        else:
            for path in dict.fromkeys(drift.path for drift in rest):
                yield from self._try(path, self._accept_item, path)

    def _accept_count(self, drift: Finding, keys: Sequence[str | int]) -> Iterator[Edit]:
        if not self._is_own(*keys):
            raise _RefusedError("it comes from the defaults, like everything expected of sub-jobs")
        yield from self._accept_value(drift, keys)

    def _accept_item(self, path: str) -> Iterator[Edit]:
        """Edit one field or the count of an item that is written out; all its sub-jobs must agree on it."""
        found = _OF_ITEM.fullmatch(path)
        if found is None or found[2] == Span.AGE:
            raise _RefusedError("no edit can accept it")
        judged = [finding for finding in self._plan.findings if finding.path == path]
        if any(finding.actual != judged[0].actual or finding.waiver for finding in judged):
            raise _RefusedError("several sub-jobs match this item, and they differ in this field")
        keys = (_SUB_JOBS, "items", int(found[1]), found[2])
        if found[2] == _COUNT:
            yield from self._accept_count(judged[0], keys)
        else:
            yield from self._accept_value(judged[0], keys)

    def _rewrite_items(self, expected: SubJobsExpectation) -> Iterator[Edit]:
        """Rewrite all items, if that loses no expectation."""
        if not all(map(_is_plain, expected.items or ())):
            raise _RefusedError("its items expect more than type and status, which rewriting them would lose")
        if self._is_own(_SUB_JOBS, "items"):
            yield self._describe_all(expected.match, (_SUB_JOBS, "items"))
        elif expected.each or expected.count is not None:
            raise _RefusedError("it comes from the defaults, and expects more than a list of sub-jobs")
        else:
            yield self._describe_all(expected.match, (_SUB_JOBS,))

    def _describe_all(self, match: Match, keys: Sequence[str]) -> Edit:
        """Make the edit that lists all sub-jobs as observed."""
        if any(finding.waiver for finding in self._plan.findings if finding.path.startswith(_SUB_JOBS)):
            raise _RefusedError("some of its drifts are waived, and would be accepted as well")
        sub_jobs = self._observed.sub_jobs
        for text in chain.from_iterable((getattr(each, name) for name in _TEXTS) for each in sub_jobs):
            _describe_plainly(text)
        describe: Callable[..., Any] = describe_items if keys[-1] == "items" else describe_sub_jobs
        return self._set(keys, describe(sub_jobs, self._api, match=match))


def _describe_plainly(text: JsonValue) -> JsonValue:
    """Describe a text as itself; raise InexpressibleError if it needs a pattern, which would accept other texts."""
    described = describe_value(None if text is None else str(text))
    if isinstance(described, Mapping):
        raise InexpressibleError("a manifest cannot contain it: it has hidden characters, or spaces at its ends")
    return described


def _find_violated(expected: Mapping[str, JsonValue], actual: JsonValue, read: Callable[[Any], Any]) -> str:
    """Return the name of the violated bound."""
    try:
        value = read(actual)
    except (TypeError, ValueError) as error:
        raise _RefusedError("no value was observed that a bound could move to") from error
    for name, bound in expected.items():
        if value < read(bound) if name in ("min", "after") else value > read(bound):
            return name
    raise _RefusedError("no bound is violated")


def _is_plain(item: Item) -> bool:
    fields = {each.field if isinstance(each, FieldExpectation) else None for each in item.fields}
    return item.count == _ONE and fields <= {Field.STATUS, Field.JOB_TYPE}


def _has(root: Node, path: Sequence[str | int]) -> bool:
    try:
        _get(root, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _get(root: Node, path: Sequence[str | int]) -> Node:
    node: Any = root
    for step in path:
        node = node[step]
    found: Node = node
    return found


def _refers(node: Node) -> bool:
    """Return whether a value contains a reference."""
    if isinstance(node, str):
        return "${" in node.replace("$${", "")
    if isinstance(node, dict):
        return any(map(_refers, node.values()))
    return isinstance(node, list) and any(map(_refers, node))
