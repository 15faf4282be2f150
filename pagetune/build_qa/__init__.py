"""Questions and answers from pages, by rules or by a language model, and from a user's own rows."""
