"""
How requests are authenticated, and where the operator may keep the credentials.

    environment, clouds.yaml -> Settings       settings.py, clouds_yaml.py
    Settings -> Credential                     find_credential: selection.py, login.py
    Credential -> the headers of one request   credential.py, access_key.py, keystone.py
"""

from reconcile.fetch.credentials.credential import Credential, CredentialError, UnsignedRequest
from reconcile.fetch.credentials.selection import find_credential

__all__ = ["Credential", "CredentialError", "UnsignedRequest", "find_credential"]
