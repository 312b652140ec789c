"""annoaudit: audit labels that other people made."""

__version__ = "0.1.0"
