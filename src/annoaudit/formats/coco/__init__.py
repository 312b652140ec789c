"""COCO files: images, categories and annotations, read in blocks straight into columns, and written back."""
