"""`/v1` of `pagetune serve`: the OpenAI protocol, for programs."""
