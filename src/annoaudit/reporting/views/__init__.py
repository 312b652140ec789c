"""How one label is shown as a person would look at it: a view for each kind, drawn by the template of its name.

A view is a frozen dataclass whose ``template`` names ``templates/view_<template>.jinja``, which gets it as ``view``.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["View"]


class View(Protocol):
    """What a template draws."""

    @property
    def template(self) -> str:
        """Name of the template that draws it, without ``view_`` and ending."""
        ...
