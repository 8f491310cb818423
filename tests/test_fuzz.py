"""
What was found by fuzzing, or would be bad if it were, tried once more; `make fuzz` searches on from there.

An input that raised is put into `proof/corpus/`, in the folder of its target.
"""

import pytest
from proof.targets import CORPUS, TARGETS, list_corpus

INPUTS = [(name, path) for name in TARGETS for path in list_corpus(name)]


def test_every_target_has_inputs_and_every_input_a_target():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(len(list_corpus(name)) >= 5 for name in TARGETS)


@pytest.mark.parametrize(("name", "path"), INPUTS, ids=[f"{name}/{path.name}" for name, path in INPUTS])
def test_an_input_of_others_ends_in_no_traceback(name, path):
    TARGETS[name](path.read_bytes())
