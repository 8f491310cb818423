"""
A simulated job API on loopback that follows a scenario, for the demo, tests and users' rehearsals.

    scenario text -> Scenario -> Service: Request -> Cue -> Connection -> bytes
"""

from reconcile.simulator.answer import Reply
from reconcile.simulator.repertoire import Repertoire
from reconcile.simulator.scenario import Scenario, Step, load_scenario
from reconcile.simulator.server import running_simulator, serve
from reconcile.simulator.service import Tally

__all__ = ["Repertoire", "Reply", "Scenario", "Step", "Tally", "load_scenario", "running_simulator", "serve"]
