"""Commands only: parse, call, render, exit code."""

from annoaudit.cli.app import main

__all__ = ["main"]
