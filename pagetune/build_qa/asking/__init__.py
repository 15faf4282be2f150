"""What a language model is asked about which passage, in which form, and what it is asked next."""
