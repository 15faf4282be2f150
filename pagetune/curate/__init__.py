"""Pairs become splits that cannot leak: duplicates, families, wordings, heldout documents."""
