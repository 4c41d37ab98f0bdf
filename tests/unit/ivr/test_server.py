import asyncio

from ivr.server import AgiServer, Connection, Limits


class DeadTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_the_oldest_silent_connection_makes_room_for_a_new_one() -> None:
    async def main() -> None:
        server = AgiServer({}, Limits(connections=2))
        transports = [DeadTransport() for _ in range(3)]
        for transport in transports:
            Connection(server, asyncio.get_running_loop()).connection_made(transport)
        assert [transport.aborted for transport in transports] == [True, False, False]
        assert (server.counters.live, server.counters.unfinished) == (2, 1)

    asyncio.run(main())


def test_a_connection_leaves_once_however_often_it_is_told() -> None:
    async def main() -> None:
        server = AgiServer({})
        connection = Connection(server, asyncio.get_running_loop())
        connection.connection_made(DeadTransport())
        connection.abort()
        connection.connection_lost(None)
        assert (server.counters.live, server.counters.unfinished) == (0, 1)

    asyncio.run(main())
