"""labbench: a grading workbench for deep-learning-systems labs."""

__version__ = "0.1.0"
