"""Who answers the requests: a server, or a model that the stage itself loads (`llm.engine`)."""

from pagetune.llm.client import Client
from pagetune.params import Llm


def open_client(params: Llm, stage: str, unit: str) -> Client:
    """Return the client of `llm.engine`, which makes a `unit` such as pair of its replies.

    Both clients answer `ask`; open one inside the `asyncio.run` that asks.
    """
    if params.engine == "server":
        return Client(params, stage, unit)
    from pagetune.llm.local.client import LocalClient

    return LocalClient(params, stage, unit)
