"""
A job API on loopback, which answers as a scenario says: for the demo, the tests and users' rehearsals.

    scenario text -> Scenario -> Service: Request -> Cue -> Connection -> bytes
"""

from reconcile.simulator.scenario import Scenario, load_scenario
from reconcile.simulator.server import running_simulator, serve
from reconcile.simulator.service import Tally

__all__ = ["Scenario", "Tally", "load_scenario", "running_simulator", "serve"]
