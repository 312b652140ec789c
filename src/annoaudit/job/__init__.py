"""The nightly job: annoaudit.yaml, run, gate, notifications."""
