"""Tables of labels, long or wide: which column is what, and their rows as canonical tables."""
