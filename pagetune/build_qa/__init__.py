"""Questions and answers from pages, by rules without a model."""
