"""Benchmarks of the decision: ``python -m benchmarks quality`` and whatever other suites there are."""
