"""A language model behind the OpenAI protocol: requests that survive, answers that are kept, JSON that can be read."""
