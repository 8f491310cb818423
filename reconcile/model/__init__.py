"""
Every frozen value that flows through the program, a module for each stage of the flow.

    text -> Manifest -> Observations -> Plan -> report text -> exit code

    value.py, diagnostic.py       what the others are made of
    api.py                        what is known of a job API
    manifest.py                   what each job should have done
    observation.py, recording.py  what the job API said
    plan.py, evidence.py          what was found, and what a saved plan keeps beside it
    proof.py, backtest.py         how good a manifest is as a gate
    review.py                     what a changed manifest lets through

Each stage takes and returns values of these types; the types themselves do nothing. Each word is defined once, at the
type of that name.
"""
