"""How much a file may hold; beyond these limits it is refused, never truncated."""

from __future__ import annotations

MAX_FILE_BYTES = 8 << 30
"""Largest file that is opened."""

MAX_JSON_BYTES = 1 << 30
"""Largest JSON or JSON Lines text; parsed JSON takes several times its size in memory."""

MAX_UNPACKED_BYTES = 4 << 30
"""Largest text that a compressed file may unpack to."""

MAX_UNPACKED_RATIO = 200
"""Largest ratio of unpacked to packed size, for files that unpack to more than 64 MiB."""

MAX_DEPTH = 200
"""Deepest nesting of JSON lists and objects."""

MAX_CELL = 1_000_000
"""Longest cell or JSON string, in characters."""

MAX_META_COLUMNS = 100
"""Most further columns that are carried into ``items.meta_json``."""

HEAD_BYTES = 1 << 16
"""How much of a file is looked at to tell what it is."""

MAX_MEMBERS = 200_000
"""Most files in a folder or an archive."""

MAX_SHAPE_NUMBERS = 1_000_000
"""Most coordinates of one shape, and most pixels along one side of a mask."""

MAX_FETCHED_BYTES = 8 << 30
"""Most bytes that are copied from a URL, all files together."""
