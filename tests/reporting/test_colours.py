"""Contrast of the report's colours, in the light and in the dark, by the formula of WCAG 2.2."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("annoaudit.reporting") / "templates" / "tokens.css").read_text()
LIGHT, DARK = CSS.split("@media (prefers-color-scheme: dark)")


def tokens(scheme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): ([^;]+);", scheme))


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("ground", ["paper", "raised"])
@pytest.mark.parametrize("text", ["ink", "soft", "accent"])
def test_text_is_readable(scheme, ground, text):
    colours = tokens(scheme)
    assert contrast(rgb(colours[text]), rgb(colours[ground])) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("step", range(8))
def test_numbers_in_heat_maps_are_readable(scheme, step):
    colours = tokens(scheme)
    share = float(colours[f"shade-{step}"])
    pairs = zip(rgb(colours["accent"]), rgb(colours["paper"]), strict=True)
    cell = tuple(share * accent + (1 - share) * paper for accent, paper in pairs)
    text = colours["on-accent"] if step >= 6 else colours["ink"]
    assert contrast(rgb(text), cell) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_shades_get_stronger(scheme):
    shares = [float(tokens(scheme)[f"shade-{step}"]) for step in range(8)]
    assert shares == sorted(set(shares))
