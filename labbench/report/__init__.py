"""Scorecard → terminal, JSON, …: pure functions of results, catalogue and texts."""

#: Columns where there is no terminal to ask: a log line, not a screen.
LOG_WIDTH = 110
