"""The process in which atheris fuzzes one target: `python -m proof.fuzzing TARGET`, then what libFuzzer takes."""

import sys

import atheris

with atheris.instrument_imports(include=["reconcile"]):
    from proof.targets import TARGETS

if __name__ == "__main__":
    name, target, *options = sys.argv
    atheris.Setup([name, *options], TARGETS[target])
    atheris.Fuzz()
