"""Judges one assertion about one record, now and for every later state of the record."""

from datetime import datetime, timedelta

from msgspec import Struct

from reconcile.duration import format_duration
from reconcile.glob import matches_glob
from reconcile.instant import FIRST, format_instant, read_time
from reconcile.model.api import JobApi
from reconcile.model.manifest import (
    Accepted,
    Assertion,
    Field,
    FieldExpectation,
    Glob,
    Moment,
    MomentExpectation,
    Span,
    SpanExpectation,
)
from reconcile.model.observation import Record
from reconcile.model.plan import Finding, Kind, Truth
from reconcile.model.value import SENSITIVE, JsonValue

CLOCK_SKEW = timedelta(minutes=1)
"""How far the clocks of the API and of this machine may differ; a time further ahead is in the future."""


LONGEST_TEXT = 16 * 1024
"""The most characters of a value that is compared; no honest API sends more."""

# Looked up once: in CPython 3.11, getting a member of an enum takes as long as making a Finding.
_HOLDS, _CANNOT_HOLD, _CHANGED = Truth.HOLDS, Truth.CANNOT_HOLD, Kind.CHANGED
_BEGIN_TIME, _END_TIME = Moment.BEGIN_TIME, Moment.END_TIME


class State(Struct, frozen=True, gc=False):
    """
    A record and everything that judging it depends on.

    `now` is the time of judging, in UTC. `frozen` says that the record can no longer change, because it or the job that
    lists it is terminal. No finding shows the values of the fields in `hidden`.
    """

    record: Record
    api: JobApi
    now: datetime
    frozen: bool
    hidden: frozenset[Field]


def judge_assertion(assertion: Assertion, state: State, *, path: str = "", label: str | None = None) -> Finding:
    """Judge one assertion; `path` is the prefix of the finding's path, and `label` its label."""
    truth, actual = _compare(assertion, state)
    implied = False
    name: str
    if isinstance(assertion, FieldExpectation):
        name, implied = assertion.field, assertion.implied
        if assertion.sensitive or (name in state.hidden and actual is not None):
            actual = SENSITIVE
    else:
        name = name_of(assertion)
    return Finding(
        path=path + name,
        truth=truth,
        kind=_CHANGED,
        expected=show_expected(assertion),
        actual=actual,
        source=assertion.source,
        label=label,
        implied=implied,
        status_word=state.record.status_word if name is Field.STATUS and actual is not SENSITIVE else None,
    )


def truth_of(assertion: Assertion, state: State) -> Truth:
    """Judge one assertion without making a finding."""
    return _compare(assertion, state)[0]


def holds_permanently(assertion: Assertion, state: State) -> bool:
    """Return whether an assertion holds now and in every later state of the record."""
    if truth_of(assertion, state) is not _HOLDS:
        return False
    match assertion:
        case FieldExpectation(field=Field.STATUS):
            return state.frozen or all(accepts(assertion, word) for word in _later_words(state))
        case FieldExpectation(field=field):
            return state.frozen or getattr(state.record, field) is not None
        case MomentExpectation():
            return True
        case SpanExpectation(span=span):
            return span is Span.DURATION


def name_of(assertion: Assertion) -> str:
    """Return the manifest's key for what is asserted."""
    match assertion:
        case FieldExpectation(field=field):
            return field.value
        case MomentExpectation(moment=moment):
            return moment.value
        case SpanExpectation(span=span):
            return span.value


def _compare(assertion: Assertion, state: State) -> tuple[Truth, JsonValue]:
    """Return the truth of an assertion, and the observed value as a plan shows it."""
    if isinstance(assertion, FieldExpectation):
        return _compare_field(assertion, state)
    if isinstance(assertion, MomentExpectation):
        return _compare_moment(assertion, state)
    return _compare_span(assertion, state)


# --- Texts -----------------------------------------------------------------------------------------------------


def _compare_field(expectation: FieldExpectation, state: State) -> tuple[Truth, JsonValue]:
    value: str | None = getattr(state.record, expectation.field)
    if value is not None and len(value) > LONGEST_TEXT:
        return Truth.UNDECIDABLE, f"a text of {len(value)} characters is too long to compare"
    if value in expectation.accept or accepts(expectation, value):
        return _HOLDS, value
    if not state.frozen and _can_be_accepted_later(expectation, value, state):
        return Truth.CAN_HOLD, value
    return _CANNOT_HOLD, value


def _can_be_accepted_later(expectation: FieldExpectation, value: str | None, state: State) -> bool:
    if expectation.field is Field.STATUS:
        return any(accepts(expectation, word) for word in _later_words(state))
    return value is None


def _later_words(state: State) -> frozenset[str]:
    return state.api.statuses[state.record.status].then


def accepts(expectation: FieldExpectation, value: str | None) -> bool:
    """Return whether the expectation accepts a value."""
    if value in expectation.accept:
        return True
    return value is not None and any(
        isinstance(accepted, Glob) and matches_glob(accepted.pattern, value) for accepted in expectation.accept
    )


# --- Times -----------------------------------------------------------------------------------------------------


def _compare_moment(expectation: MomentExpectation, state: State) -> tuple[Truth, JsonValue]:
    try:
        begin, end = _read_times(state, expectation.moment)
    except ValueError as error:
        return Truth.UNDECIDABLE, str(error)
    instant = begin if expectation.moment is _BEGIN_TIME else end
    if instant is None:
        return _truth_of_absent(state), None
    too_early = expectation.after is not None and instant < expectation.after
    too_late = expectation.before is not None and instant > expectation.before
    return _CANNOT_HOLD if too_early or too_late else _HOLDS, format_instant(instant)


def _compare_span(expectation: SpanExpectation, state: State) -> tuple[Truth, JsonValue]:
    is_duration = expectation.span is Span.DURATION
    try:
        measured = _measure_duration(state) if is_duration else _measure_age(state)
    except ValueError as error:
        return Truth.UNDECIDABLE, str(error)
    if measured is None:
        return _truth_of_absent(state), None
    length, is_final = measured
    seconds = length.total_seconds()
    if expectation.max is not None and seconds > expectation.max:
        truth = _CANNOT_HOLD
    elif is_final and (expectation.min is None or seconds >= expectation.min):
        truth = _HOLDS
    elif is_duration and (is_final or state.frozen):
        truth = _CANNOT_HOLD
    else:
        truth = Truth.CAN_HOLD
    return truth, format_duration(seconds)


def _measure_duration(state: State) -> tuple[timedelta, bool] | None:
    """
    Measure from begin to end, or to now if there is no end yet; None if the job has not begun.

    The second value is whether the length is final.
    """
    begin, end = _read_times(state, _BEGIN_TIME, _END_TIME)
    if begin is None:
        return None
    return (_measure_until_now(begin, state), False) if end is None else (end - begin, True)


def _measure_age(state: State) -> tuple[timedelta, bool] | None:
    """Measure from the end to now; None if the job has not ended."""
    _, end = _read_times(state, _END_TIME)
    return None if end is None else (_measure_until_now(end, state), True)


def _measure_until_now(start: datetime, state: State) -> timedelta:
    """Measure from a time to now; zero if clock skew puts that time ahead of now."""
    return max(state.now - start, timedelta(0))


def _read_times(state: State, *asserted: Moment) -> tuple[datetime | None, datetime | None]:
    """
    Read begin and end; None for a time that is absent, or that is unreadable and not asserted.

    Raises:
        ValueError: an asserted time cannot be read, is a zero time or in the future, or the end is before the begin.
    """
    record, time_format = state.record, state.api.time_format
    begin, end = read_time(record.begin_time, time_format), read_time(record.end_time, time_format)
    if _BEGIN_TIME in asserted:
        _check_time(record.begin_time, begin, state)
    if _END_TIME in asserted:
        _check_time(record.end_time, end, state)
    if begin is not None and end is not None and end < begin:
        raise ValueError(f"the end '{record.end_time}' is before the begin '{record.begin_time}'")
    return begin, end


def _check_time(text: str | None, instant: datetime | None, state: State) -> None:
    if text is not None and instant is None:
        raise ValueError(f"'{text}' is not a time as the API writes it")
    if instant is not None and instant < FIRST:
        raise ValueError(f"'{text}' is a zero time, which says nothing about this job")
    if instant is not None and instant - state.now > CLOCK_SKEW:
        raise ValueError(f"'{text}' is in the future")


def _truth_of_absent(state: State) -> Truth:
    return _CANNOT_HOLD if state.frozen else Truth.CAN_HOLD


# --- What a plan shows -----------------------------------------------------------------------------------------


def show_expected(assertion: Assertion) -> JsonValue:
    """Return the expected value as in a manifest: a single value, a list of several, or a mapping of bounds."""
    if isinstance(assertion, FieldExpectation):
        if assertion.sensitive:
            return SENSITIVE
        if len(assertion.accept) == 1:
            return _show_accepted(assertion.accept[0])
        return [_show_accepted(accepted) for accepted in assertion.accept]
    if isinstance(assertion, MomentExpectation):
        bounds = {"after": assertion.after, "before": assertion.before}
        return {name: format_instant(bound) for name, bound in bounds.items() if bound is not None}
    lengths = {"min": assertion.min, "max": assertion.max}
    return {name: format_duration(length) for name, length in lengths.items() if length is not None}


def _show_accepted(accepted: Accepted) -> JsonValue:
    return {"glob": accepted.pattern} if isinstance(accepted, Glob) else accepted
