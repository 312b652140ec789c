"""Stretches of text or time: matched across annotators, how far they agree, and where their edges lie."""
