"""The base model: where it comes from, how it is loaded, and how it is asked."""
