"""Scorecard → terminal, JSON, …: pure functions of results, catalogue and texts."""
