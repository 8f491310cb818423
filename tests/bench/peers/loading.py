"""Read the manifest PATH with PyYAML's fastest loader and check each job with jsonschema; print the CPU seconds."""

import json
import sys
import time
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator


def main() -> None:
    """Fail if a job is not valid."""
    path, schema_path = map(Path, sys.argv[1:])
    schema = json.loads(schema_path.read_text())
    validator = Draft202012Validator({"$ref": "#/$defs/job", "$defs": schema["$defs"]})
    started = time.process_time()
    jobs = yaml.load(path.read_text(), yaml.CSafeLoader)["jobs"]
    errors = [error for job in jobs.values() for error in validator.iter_errors(job)]
    print(time.process_time() - started)  # noqa: T201
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
