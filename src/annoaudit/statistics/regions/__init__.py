"""Regions of images: how alike two are, which ones mean the same thing, and where they differ."""
