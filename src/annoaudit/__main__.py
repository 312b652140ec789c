"""``python -m annoaudit``."""

from annoaudit.cli import main

main()
