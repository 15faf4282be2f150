"""One sentence, and the questions that people ask about it."""
