"""From pairs to splits that cannot leak: duplicates, families, paraphrases."""
