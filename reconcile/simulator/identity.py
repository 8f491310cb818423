"""The simulated identity service: the part of keystone v3 that issues a project token for a user and password."""

import json
from collections.abc import Mapping

from reconcile.simulator.answer import Answer
from reconcile.simulator.request import Request
from reconcile.simulator.scenario import Scenario

TOKENS_TARGET = "/v3/auth/tokens"

_UNAUTHORIZED = "The request you have made requires authentication."


def answer_login(scenario: Scenario, request: Request, number: int) -> Answer:
    """
    Answer a request for a token.

    The token is the one in the scenario, or else a new one with this number. Users are identified by name or id.
    """
    repertoire = scenario.repertoire
    try:
        auth = json.loads(request.body)["auth"]
        user = auth["identity"]["password"]["user"]
        project = auth["scope"]["project"]
        name, password = user.get("name") or user["id"], user["password"]
        project_id = project.get("id")
        project_name = project.get("name") or project_id or project["name"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return repertoire.identity_refusal(400, "Expecting a user with a password, and a project as scope.")
    project_id = project_id or scenario.project_id or project_name
    if not _is_known(scenario.users, name, password) or scenario.project_id not in (None, project_id):
        return repertoire.identity_refusal(401, _UNAUTHORIZED)
    token = scenario.token or f"simulated-token-{number}"
    return repertoire.grant(token, {"id": project_id, "name": project_name})


def _is_known(users: Mapping[str, str] | None, name: object, password: object) -> bool:
    return users is None or (isinstance(name, str) and name in users and users[name] == password)
