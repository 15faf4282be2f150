"""A language model that writes the replies in the stage itself, where there is no server: `llm.engine: local`."""
