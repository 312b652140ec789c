"""Annotated text: token columns, standoff files, and the offsets and tags that they share."""
