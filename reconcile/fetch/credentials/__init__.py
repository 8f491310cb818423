"""
How requests are authenticated, and where the operator can store the credentials.

    environment, files -> Settings             variables.py, settings.py, clouds_yaml.py, profile.py, secret_file.py
    Settings -> Credential                     find_credential: selection.py, login.py
    Credential -> the headers of one request   credential.py, access_key.py, issued.py
    a secret -> the credential issued for it   keystone.py, identity.py, agency.py
    an id token -> the credential for it       id_token.py, federation.py
    the server itself -> its credential        metadata.py
    a rejected credential -> likely causes     rejection.py
"""

from reconcile.fetch.credentials.credential import Credential, CredentialError, UnsignedRequest
from reconcile.fetch.credentials.rejection import explain_rejection
from reconcile.fetch.credentials.selection import find_credential
from reconcile.fetch.credentials.variables import find_ambiguous_variables, find_unknown_variables

__all__ = [
    "Credential",
    "CredentialError",
    "UnsignedRequest",
    "explain_rejection",
    "find_ambiguous_variables",
    "find_credential",
    "find_unknown_variables",
]
