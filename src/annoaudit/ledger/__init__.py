"""Tamper evidence: sealed snapshots, a signed log of heads, and what changed between two snapshots."""
