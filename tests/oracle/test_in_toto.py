"""The libraries of in-toto read our receipts as they are, and accept their signatures."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from program import main

from reconcile.document import Text, parse_text
from reconcile.simulator import load_scenario, running_simulator

REASON = "the libraries of in-toto are not installed: 'make oracle' does that"
dsse = pytest.importorskip("securesystemslib.dsse", reason=REASON)
statements = pytest.importorskip("in_toto_attestation.v1.statement", reason=REASON)

import in_toto_attestation.predicates.test_result.v0.test_result_pb2 as test_results  # noqa: E402
import in_toto_attestation.v1.statement_pb2 as messages  # noqa: E402
from cryptography.hazmat.primitives import serialization as forms  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from google.protobuf import json_format  # noqa: E402
from securesystemslib.exceptions import VerificationError  # noqa: E402
from securesystemslib.signer import SSlibKey  # noqa: E402

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROVIDERS = "providers: {otc: {api: sfs-turbo, project_id: p1}}"
MANIFEST = f"version: 1\n{PROVIDERS}\njobs: {{a: {{job_id: id-a}}, b: {{job_id: id-b}}}}\n"


@pytest.mark.parametrize(("status", "code", "result"), [("success", 0, "PASSED"), ("failed", 2, "FAILED")])
def test_a_receipt(tmp_path, monkeypatch, status, code, result):
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)
    pair = Ed25519PrivateKey.generate()
    pem = pair.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    Path("key.pem").write_bytes(pem)
    scenario = f"version: 1\napi: sfs-turbo\njobs: {{id-a: {{status: success}}, id-b: {{status: {status}}}}}\n"
    argv = ["plan", "--out", "plan.json", "--attest", "receipt.json", "--sign-with", "key.pem"]
    with running_simulator(load_scenario(parse_text(Text("s.yaml", scenario), is_json=False))) as url:
        argv += ["--endpoint", url, "--subject", f"app@sha256:{'a' * 64}"]
        assert main(argv, environ={"RECONCILE_TOKEN": "t"}, clock=lambda: NOW) == code

    envelope = dsse.Envelope.from_dict(json.loads(Path("receipt.json").read_text()))
    key = SSlibKey.from_crypto(pair.public_key())
    assert envelope.verify([key], 1) == {key.keyid: key}
    with pytest.raises(VerificationError):
        envelope.verify([SSlibKey.from_crypto(Ed25519PrivateKey.generate().public_key())], 1)
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)

    message = json_format.Parse(envelope.payload, messages.Statement())
    statements.Statement.copy_from_pb(message).validate()
    assert message.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = json_format.ParseDict(json_format.MessageToDict(message.predicate), test_results.TestResult())
    assert predicate.result == result
    assert [each.name for each in predicate.configuration] == ["reconcile.yaml", "saved plan"]
    assert all(len(each.digest["sha256"]) == 64 for each in predicate.configuration)
    assert list(predicate.failed_tests) == ([] if status == "success" else ["jobs.b"])
