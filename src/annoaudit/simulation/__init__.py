"""Planted truth: teams of annotators, honest and hostile, and what of them can be detected."""

from annoaudit.simulation.attacks import ATTACKS, Attack
from annoaudit.simulation.controls import CONTROLS
from annoaudit.simulation.designs import TeamDesign
from annoaudit.simulation.results import BlindSpots
from annoaudit.simulation.simulating import simulate
from annoaudit.simulation.teams import Team, simulate_team

__all__ = ["ATTACKS", "CONTROLS", "Attack", "BlindSpots", "Team", "TeamDesign", "simulate", "simulate_team"]
