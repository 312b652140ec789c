"""Label Studio exports: tasks, annotations, results and regions as rows of the canonical tables."""
