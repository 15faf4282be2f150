"""Scores of the answers before and after tuning, with intervals and model-free baselines."""
