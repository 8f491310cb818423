"""
Signatures of saved plans and of receipts: Ed25519 (RFC 8032), with the package `cryptography` of the extra `sign`.

Keys are PEM files of `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.codes import Code
from reconcile.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_LONGEST_KEY = 16 * 1024
SIGNATURE = "ed25519:"
"""The prefix of a signature in Base64."""


def load_signer(path: str) -> Callable[[bytes], str]:
    """Return a function that signs bytes with the private key in a file; raise UsageError if there is none."""
    key = _load_private_key(path)
    return lambda content: SIGNATURE + b64encode(key.sign(content)).decode("ascii")


def load_verifier(path: str) -> Callable[[bytes, str], bool]:
    """Return a function that checks a signature with the public key in a file; raise UsageError if there is none."""
    key = _load_public_key(path)
    from cryptography.exceptions import InvalidSignature

    def is_signed(content: bytes, signature: str) -> bool:
        try:
            decoded = b64decode(signature.removeprefix(SIGNATURE), validate=True)
            key.verify(decoded, content)
        except (InvalidSignature, ValueError):
            return False
        # Other texts decode to the same bytes, because the last character of Base64 has unused bits.
        return signature == SIGNATURE + b64encode(decoded).decode("ascii")

    return is_signed


def name_signer(path: str) -> str:
    """Return the id of the key pair whose private key is in a file; raise UsageError if there is none."""
    return _name_key(_load_private_key(path).public_key())


def name_verifier(path: str) -> str:
    """Return the id of the key pair whose public key is in a file; raise UsageError if there is none."""
    return _name_key(_load_public_key(path))


def _name_key(key: "Ed25519PublicKey") -> str:
    """Return the key id that securesystemslib computes: the SHA-256 of the key as canonical JSON, in hexadecimal."""
    public = key.public_bytes_raw().hex()
    text = f'{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}'
    return sha256(text.encode("ascii")).hexdigest()


def _load_private_key(path: str) -> "Ed25519PrivateKey":
    content = _read_key(path)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(content, password=None)
    except (TypeError, UnsupportedAlgorithm, ValueError) as error:
        raise _wrong_key(path, "a private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong_key(path, "an Ed25519 key")
    return key


def _load_public_key(path: str) -> "Ed25519PublicKey":
    content = _read_key(path)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(content)
    except (UnsupportedAlgorithm, ValueError) as error:
        raise _wrong_key(path, "a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _wrong_key(path, "an Ed25519 key")
    return key


def _read_key(path: str) -> bytes:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        message = "signatures need the package 'cryptography'"
        raise UsageError.because(Code.USAGE, message, hint="pip install 'reconcile-jobs[sign]'") from error
    try:
        with Path(path).open("rb") as file:
            return file.read(_LONGEST_KEY)
    except OSError as error:
        # If someone passes the key itself instead of its path, it must not end up in a log.
        named = "" if "-----" in path or "\n" in path else f" {path}"
        message = f"the key{named} cannot be read: {error.strerror}"
        raise UsageError.because(Code.USAGE, message, hint="give the path of a PEM file") from error


def _wrong_key(path: str, expected: str) -> UsageError:
    hint = "openssl genpkey -algorithm ed25519 -out KEY.pem; openssl pkey -in KEY.pem -pubout -out KEY.pub.pem"
    return UsageError.because(Code.USAGE, f"{path} is not {expected}", hint=hint)
