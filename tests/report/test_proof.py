"""How a gate fared, as a person reads it; with survivors, `cli/test_prove.py` shows it."""

from reconcile.model.proof import Baseline, Proof
from reconcile.report.proof import render_proof


def test_large_numbers_are_written_as_in_a_plan():
    proof = Proof(baseline=Baseline.LIVE, jobs=1_200, killed=31_000, permitted=2_000, survivors=(), allowed=0)
    assert render_proof(proof, lambda expect: ()) == (
        "reconcile: 1,200 jobs as they are now, 33,000 mutants\n"
        "\n"
        "Proof: 31,000 killed, 2,000 permitted by the manifest, 0 survived. Every mutant turns the gate red.\n"
    )
