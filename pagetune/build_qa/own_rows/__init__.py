"""A user's own questions and answers, in the formats and files in which people have them."""
