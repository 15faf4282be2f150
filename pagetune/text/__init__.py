"""How text is read, for every stage: Korean endings and sentences, numbers with their units, negation, refusals."""
