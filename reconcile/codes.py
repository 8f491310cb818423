"""
All error codes. They are stable: a code is never renumbered, and never reused with another meaning.

The first digit tells where to look for the cause: RC0 the command line and the run, RC1 the text of a file, RC2 the
meaning of a manifest, RC3 the connection to the job API, RC4 and RC5 its responses, with the number of the HTTP status
where there is one.
"""

from enum import StrEnum


class Code(StrEnum):
    """A kind of error. Users see the value, and scripts match it."""

    # The command line and the run.
    USAGE = "RC001"
    NO_SUCH_FILE = "RC002"
    NOTHING_TO_CHECK = "RC003"
    OUTPUT_NOT_WRITTEN = "RC004"
    DEADLINE = "RC005"
    INTERRUPTED = "RC006"
    UNPROVEN = "RC007"
    ADDRESS_IN_USE = "RC008"
    INTERNAL = "RC009"
    SYSTEM = "RC010"
    SAVED_PLAN_BROKEN = "RC011"
    STALE_PLAN = "RC012"
    OTHER_MANIFEST = "RC013"
    NOT_SIGNED = "RC014"
    SHARDS_DO_NOT_FIT = "RC015"
    NOT_ACCEPTABLE = "RC016"
    NO_BASELINE = "RC017"
    UNNAMED_RUN = "RC018"
    NOT_REACHED = "RC019"
    NOT_RESUMABLE = "RC020"

    # The text of a manifest or another file that people write.
    UNREADABLE = "RC100"
    SYNTAX = "RC101"
    UNKNOWN_KEY = "RC102"
    DUPLICATE_KEY = "RC103"
    YAML_FEATURE = "RC104"
    TOO_LARGE = "RC105"
    ENCODING = "RC106"
    WRONG_TYPE = "RC107"
    VALUE_NOT_ALLOWED = "RC108"
    KEY_REQUIRED = "RC109"
    QUOTE_IT = "RC110"
    NOT_A_NUMBER = "RC111"
    OPERATOR_ONLY = "RC112"
    UNSUPPORTED_VERSION = "RC113"

    # The meaning of a manifest.
    UNKNOWN_PROVIDER = "RC201"
    UNKNOWN_REGION = "RC202"
    CONTRADICTING_JOBS = "RC203"
    UNKNOWN_API = "RC204"
    UNKNOWN_STATUS = "RC205"
    SIMILAR_NAMES = "RC206"
    VACUOUS_EXPECTATION = "RC207"
    IMPOSSIBLE_EXPECTATION = "RC208"
    WAIVER_EXPIRED = "RC209"
    WAIVER_COVERS_ALL = "RC210"
    UNDEFINED_VARIABLE = "RC211"
    NO_VALUE = "RC212"
    UNUSED_VARIABLE = "RC213"
    MALFORMED_REFERENCE = "RC214"
    SENSITIVE_SHOWN = "RC215"
    DUPLICATE_INSTANCE = "RC216"
    WAIVER_TOO_LONG = "RC217"
    AMBIGUOUS_MANIFESTS = "RC218"

    # The connection to the job API.
    NO_CREDENTIALS = "RC301"
    MALFORMED_CREDENTIAL = "RC302"
    ENDPOINT_NOT_ALLOWED = "RC303"
    NO_ENDPOINT = "RC304"
    BLOCKED_ADDRESS = "RC305"
    UNSAFE_ID = "RC306"
    OTHER_PROJECT = "RC307"
    NOT_CONNECTED = "RC310"
    TLS = "RC311"
    TIMED_OUT = "RC312"
    CONNECTION_BROKEN = "RC313"
    NOT_HTTP = "RC314"
    ANSWER_TOO_LARGE = "RC315"
    ANSWER_ENCODED = "RC316"
    NOT_RECORDED = "RC320"

    # The responses of the job API.
    REFUSED = "RC400"
    UNAUTHENTICATED = "RC401"
    FORBIDDEN = "RC403"
    NOT_FROM_THE_API = "RC404"
    REDIRECT = "RC410"
    UNEXPECTED_STATUS_CODE = "RC411"
    NOT_JSON = "RC412"
    AMBIGUOUS_JSON = "RC413"
    OTHER_JOB = "RC414"
    UNKNOWN_STATUS_WORD = "RC415"
    MALFORMED_FIELD = "RC416"
    NO_SUCH_JOB = "RC417"
    THROTTLED = "RC429"
    SERVER_ERROR = "RC500"
