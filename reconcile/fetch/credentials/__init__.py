"""
What a provider is shown so that it answers, and where the operator may keep it.

    environment, clouds.yaml -> Settings       settings.py, clouds_yaml.py
    Settings -> Credential                     find_credential: selection.py, login.py
    Credential -> the headers of one request   token.py, access_key.py, keystone.py with identity.py
"""

from reconcile.fetch.credentials.credential import Credential, CredentialError, UnsignedRequest
from reconcile.fetch.credentials.selection import find_credential

__all__ = ["Credential", "CredentialError", "UnsignedRequest", "find_credential"]
