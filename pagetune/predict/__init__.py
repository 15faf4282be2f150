"""Answers from a model, base or tuned."""
