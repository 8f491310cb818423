"""Whom to believe over TLS: certifi's authorities, or exactly those that the operator names."""

import ssl

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.failure import TlsError
from reconcile.model import Diagnostic


def build_tls_context(ca_file: str | None) -> ssl.SSLContext:
    """
    Make a context that verifies certificate and host name, TLS 1.2 or later.

    Nothing is read from the environment: `ssl.create_default_context` would write the session keys into the file
    that SSLKEYLOGFILE names and would trust what SSL_CERT_FILE and SSL_CERT_DIR name.

    Args:
        ca_file: PEM file of the only trusted authorities; None trusts certifi's.

    Raises AccessError if the file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(cafile=_find_authorities() if ca_file is None else ca_file)
    except ssl.SSLError as error:
        raise _refuse_file(Code.TLS, f"the CA file {ca_file} holds no certificate that can be read") from error
    except OSError as error:
        raise _refuse_file(Code.NO_SUCH_FILE, f"the CA file {ca_file} cannot be read: {error.strerror}") from error
    return context


def _find_authorities() -> str:
    import certifi

    return certifi.where()


def explain_tls_failure(error: ssl.SSLError) -> TlsError:
    """Say why a handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(f"TLS: the certificate is not trusted: {error.verify_message}")
    return TlsError(f"TLS: the handshake failed: {error.reason or error}")


def _refuse_file(code: Code, message: str) -> AccessError:
    return AccessError([Diagnostic(code=code, message=message, hint="give --ca-file a file of PEM certificates")])
