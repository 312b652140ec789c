"""Exports of annotation tools and services: their records, people and times as canonical rows."""
