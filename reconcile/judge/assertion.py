"""One field of one record against what is accepted there."""

from collections.abc import Mapping

from reconcile.model import Field, FieldExpectation, Finding, JsonValue, Kind, Record, Status, Truth

Statuses = Mapping[str, Status]


def value_of(record: Record, field: Field) -> str | None:
    """Return what the record says in that field; None is absent."""
    match field:
        case Field.STATUS:
            return record.status
        case Field.JOB_TYPE:
            return record.job_type
        case Field.ERROR_CODE:
            return record.error_code
        case Field.FAIL_REASON:
            return record.fail_reason


def truth_of(expectation: FieldExpectation, record: Record, *, statuses: Statuses, frozen: bool) -> Truth:
    """
    Judge one field of a record.

    Args:
        frozen: the record can change no more, because it or the job that lists it is terminal.
    """
    value = value_of(record, expectation.field)
    if value in expectation.accept:
        return Truth.HOLDS
    if frozen or not _reachable(expectation, value, statuses):
        return Truth.CANNOT_HOLD
    return Truth.CAN_HOLD


def _reachable(expectation: FieldExpectation, value: str | None, statuses: Statuses) -> bool:
    """Say whether a record that can still change can come to have an accepted value."""
    if expectation.field is Field.STATUS and value is not None:
        return not statuses[value].then.isdisjoint(expectation.accept)
    return value is None


def stays_true(expectation: FieldExpectation, record: Record, *, statuses: Statuses, frozen: bool) -> bool:
    """Say whether an expectation that holds for the record now holds for every later state of it, too."""
    value = value_of(record, expectation.field)
    if frozen:
        return True
    if expectation.field is Field.STATUS and value is not None:
        return statuses[value].then.issubset(expectation.accept)
    return value is not None


def judge_field(
    expectation: FieldExpectation,
    record: Record,
    *,
    statuses: Statuses,
    frozen: bool,
    path: str,
    label: str | None = None,
) -> Finding:
    """Judge one field of a record and say so; `path` and `label` are the finding's."""
    return Finding(
        path=path,
        truth=truth_of(expectation, record, statuses=statuses, frozen=frozen),
        kind=Kind.CHANGED,
        expected=show_accepted(expectation),
        actual=value_of(record, expectation.field),
        source=expectation.source,
        label=label,
        implied=expectation.implied,
    )


def show_accepted(expectation: FieldExpectation) -> JsonValue:
    """Return what is accepted as the manifest writes it: one value alone, several as a list."""
    accept = expectation.accept
    return accept[0] if len(accept) == 1 else list(accept)
