"""Text itself: Korean endings and sentences, numbers with their units, negation, refusals. Every stage reads these."""
