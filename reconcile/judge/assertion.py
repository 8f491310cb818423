"""One assertion against one record, now and for every later state of it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from reconcile.duration import format_duration
from reconcile.glob import matches_glob
from reconcile.instant import format_instant, parse_time
from reconcile.judge.texts import MoreThanTextsError, Said
from reconcile.model import (
    SENSITIVE,
    Accepted,
    Assertion,
    Field,
    FieldExpectation,
    Finding,
    Glob,
    JobApi,
    JsonValue,
    Kind,
    Moment,
    MomentExpectation,
    Span,
    SpanExpectation,
    Truth,
)

CLOCK_SKEW = timedelta(minutes=1)
"""How far the clocks of the API and of this machine may be apart; a job that ended later than that is in the future."""


LONGEST_TEXT = 16 * 1024
"""Characters of a value that is compared; what an API has to say is much shorter."""


class Basis(Struct, frozen=True, kw_only=True):
    """
    What is needed beside an assertion and a record: what is known of the API, and the time of judging, in UTC.

    `time` is None where what is found must be true at any time.
    """

    api: JobApi
    time: datetime | None

    @property
    def now(self) -> datetime:
        if self.time is None:
            raise MoreThanTextsError("now")
        return self.time


class _Reading(Struct, frozen=True):
    """What a record says to an assertion; `stays` says that no later state of the record says otherwise."""

    truth: Truth
    actual: JsonValue
    stays: bool


def judge_assertion(
    assertion: Assertion, record: Said, basis: Basis, *, frozen: bool, path: str, label: str | None = None
) -> Finding:
    """
    Judge one assertion on a record and say so; `path` is the record's, `label` the finding's.

    Args:
        frozen: the record can change no more, because it or the job that lists it is terminal.
    """
    reading = _read(assertion, record, basis, frozen=frozen)
    sensitive = isinstance(assertion, FieldExpectation) and assertion.sensitive
    return Finding(
        path=f"{path}{name_of(assertion)}",
        truth=reading.truth,
        kind=Kind.CHANGED,
        expected=show_expected(assertion),
        actual=SENSITIVE if sensitive else reading.actual,
        source=assertion.source,
        label=label,
        implied=isinstance(assertion, FieldExpectation) and assertion.implied,
    )


def truth_of(assertion: Assertion, record: Said, basis: Basis, *, frozen: bool) -> Truth:
    """Judge one assertion on a record; the arguments are those of `judge_assertion`."""
    return _read(assertion, record, basis, frozen=frozen).truth


def holds_for_ever(assertion: Assertion, record: Said, basis: Basis, *, frozen: bool) -> bool:
    """Say whether an assertion holds for the record now and for every later state of it."""
    reading = _read(assertion, record, basis, frozen=frozen)
    return reading.truth is Truth.HOLDS and reading.stays


def name_of(assertion: Assertion) -> str:
    """Return what a manifest calls what is asserted."""
    match assertion:
        case FieldExpectation(field=field):
            return field.value
        case MomentExpectation(moment=moment):
            return moment.value
        case SpanExpectation(span=span):
            return span.value


def _read(assertion: Assertion, record: Said, basis: Basis, *, frozen: bool) -> _Reading:
    match assertion:
        case FieldExpectation():
            return _read_field(assertion, record, basis.api, frozen=frozen)
        case MomentExpectation():
            return _read_moment(assertion, record, basis, frozen=frozen)
        case SpanExpectation():
            return _read_span(assertion, record, basis, frozen=frozen)


# --- Texts -----------------------------------------------------------------------------------------------------


def _read_field(expectation: FieldExpectation, record: Said, api: JobApi, *, frozen: bool) -> _Reading:
    value: str | None = getattr(record, expectation.field)
    if value is not None and len(value) > LONGEST_TEXT:
        return _Reading(Truth.UNDECIDABLE, f"a text of {len(value)} characters is too long to compare", stays=True)
    holds = accepts(expectation, value)
    if frozen:
        return _Reading(Truth.HOLDS if holds else Truth.CANNOT_HOLD, value, stays=True)
    if expectation.field is Field.STATUS and value is not None:
        later = api.statuses[value].then
        reachable = any(accepts(expectation, word) for word in later)
        stays = all(accepts(expectation, word) for word in later)
    else:
        reachable = value is None
        stays = not reachable
    truth = Truth.HOLDS if holds else Truth.CAN_HOLD if reachable else Truth.CANNOT_HOLD
    return _Reading(truth, value, stays)


def accepts(expectation: FieldExpectation, value: str | None) -> bool:
    """Say whether a text is one that is expected."""
    if value in expectation.accept:
        return True
    globs = [accepted for accepted in expectation.accept if isinstance(accepted, Glob)]
    return bool(globs) and value is not None and any(matches_glob(each.pattern, value) for each in globs)


# --- Times -----------------------------------------------------------------------------------------------------


def _read_moment(expectation: MomentExpectation, record: Said, basis: Basis, *, frozen: bool) -> _Reading:
    text = record.begin_time if expectation.moment is Moment.BEGIN_TIME else record.end_time
    if text is None:
        return _absent(frozen=frozen)
    try:
        instant = parse_time(text, basis.api.time_format)
    except ValueError:
        return _Reading(Truth.UNDECIDABLE, f"'{text}' is not a time as the API writes it", stays=True)
    holds = not (
        (expectation.after is not None and instant < expectation.after)
        or (expectation.before is not None and instant > expectation.before)
    )
    return _Reading(Truth.HOLDS if holds else Truth.CANNOT_HOLD, format_instant(instant), stays=True)


def _read_span(expectation: SpanExpectation, record: Said, basis: Basis, *, frozen: bool) -> _Reading:
    """A span that is still growing is told by its least length; one whose end is known by its length."""
    read: Callable[[Said, Basis], tuple[timedelta, bool] | None]
    read = _read_duration if expectation.span is Span.DURATION else _read_age
    try:
        measured = read(record, basis)
    except ValueError:
        reason = f"the times '{record.begin_time}' and '{record.end_time}' make no sense"
        return _Reading(Truth.UNDECIDABLE, reason, stays=True)
    if measured is None:
        return _absent(frozen=frozen)
    length, known = measured
    seconds = length.total_seconds()
    if expectation.max is not None and seconds > expectation.max:
        truth = Truth.CANNOT_HOLD
    elif known and (expectation.min is None or seconds >= expectation.min):
        truth = Truth.HOLDS
    elif known and expectation.span is Span.DURATION:
        truth = Truth.CANNOT_HOLD
    else:
        truth = Truth.CANNOT_HOLD if frozen and expectation.span is Span.DURATION else Truth.CAN_HOLD
    return _Reading(truth, format_duration(seconds), stays=known and expectation.span is Span.DURATION)


def _read_duration(record: Said, basis: Basis) -> tuple[timedelta, bool] | None:
    """Measure from begin to end, or to now where there is no end; None if it has not begun."""
    if record.begin_time is None:
        return None
    begin = parse_time(record.begin_time, basis.api.time_format)
    if record.end_time is None:
        return _positive(basis.now - begin), False
    end = parse_time(record.end_time, basis.api.time_format)
    if end < begin:
        raise ValueError("it ended before it began")
    return end - begin, True


def _read_age(record: Said, basis: Basis) -> tuple[timedelta, bool] | None:
    """Measure from the end to now; None if it has not ended."""
    if record.end_time is None:
        return None
    return _positive(basis.now - parse_time(record.end_time, basis.api.time_format)), True


def _positive(length: timedelta) -> timedelta:
    """Take what two clocks that differ a little make negative for zero; raise ValueError for the future."""
    if length < -CLOCK_SKEW:
        raise ValueError("it is in the future")
    return max(length, timedelta(0))


def _absent(*, frozen: bool) -> _Reading:
    return _Reading(Truth.CANNOT_HOLD if frozen else Truth.CAN_HOLD, None, stays=frozen)


# --- What a plan shows -----------------------------------------------------------------------------------------


def show_expected(assertion: Assertion) -> JsonValue:
    """Return what is expected as the manifest writes it: one value alone, several as a list, bounds as a mapping."""
    match assertion:
        case FieldExpectation(sensitive=True):
            return SENSITIVE
        case FieldExpectation(accept=(accepted,)):
            return _show_accepted(accepted)
        case FieldExpectation(accept=accept):
            return [_show_accepted(accepted) for accepted in accept]
        case MomentExpectation(after=after, before=before):
            return _show_bounds(
                after=None if after is None else format_instant(after),
                before=None if before is None else format_instant(before),
            )
        case SpanExpectation(min=least, max=most):
            return _show_bounds(
                min=None if least is None else format_duration(least),
                max=None if most is None else format_duration(most),
            )


def _show_accepted(accepted: Accepted) -> JsonValue:
    return {"glob": accepted.pattern} if isinstance(accepted, Glob) else accepted


def _show_bounds(**bounds: str | None) -> Mapping[str, JsonValue]:
    return {name: bound for name, bound in bounds.items() if bound is not None}
