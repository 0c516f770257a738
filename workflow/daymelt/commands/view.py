"""`daymelt view`: show what an area has published in the browser, from this machine alone."""

import getpass
import os
import socket
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread

import uvicorn

from daymelt.commands.folder_server import folder_server
from daymelt.core.errors import ConfigError, MissingInputError
from daymelt.plan import places
from daymelt.settings.config import Config

LOOPBACK = "127.0.0.1"
USUAL_PORT, PORTS = 8765, range(1 << 16)
SECONDS_TO_END = 1  # for responses that are under way
SSH_PORT = "22"


def view(
    config: Config,
    area: str | None = None,
    port: int | None = None,
    no_browser: bool = False,
    results: Path = Path("results"),
) -> int:
    """Serve the published folder of an area on the loopback address until Ctrl+C.

    Parameters
    ----------
    config : settings, for the name of the area
    area : its name; None for that of the settings
    port : of the server, 0 for a free one; None for the usual one, or a free one where it is taken
    no_browser : print the address and open no browser
    results : folder of the results of all areas

    Raises
    ------
    MissingInputError
        The area has published nothing.
    ConfigError
        The port is taken or cannot be used.
    """
    folder = published(results, area or config.area.name)
    # uvicorn raises the interrupt again when it has ended
    with suppress(KeyboardInterrupt), listening(port) as sock:
        taken = sock.getsockname()[1]
        address = f"http://{LOOPBACK}:{taken}/"
        print(f"{folder}: {address} (Ctrl+C ends it)", flush=True)
        if "SSH_CONNECTION" in os.environ:
            print(forwarding(os.environ["SSH_CONNECTION"], taken), flush=True)
        elif not no_browser and has_display(os.environ, sys.platform):
            # the request waits in the queue of the socket until the server runs
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        serve(folder, sock)
    return 0


def published(results: Path, area: str) -> Path:
    """The published folder of an area."""
    folder = places.below(results, places.PUBLISH, area=area)
    if Path(area).name != area or not folder.is_dir():
        there = sorted(path.parent.name for path in results.glob("*/publish") if path.is_dir())
        raise MissingInputError(
            f"area {area}: {folder} not found; {results} has published "
            f"{', '.join(there) or 'nothing'}; run `snakemake publish` first, or name an area"
        )
    return folder


def listening(port: int | None) -> socket.socket:
    """A socket that listens on the loopback address."""
    if port is None:
        try:
            return listening(USUAL_PORT)
        except ConfigError:
            return listening(0)
    if port not in PORTS:
        raise ConfigError(f"--port: found {port}; expected 0 to {PORTS[-1]}, 0 for a free one")
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ConfigError(
            f"--port: found {port}, which cannot be used ({error.strerror}); choose another, or 0 "
            "for a free one"
        ) from None


def serve(folder: Path, sock: socket.socket) -> None:
    """Serve a folder until SIGINT."""
    settings = uvicorn.Config(
        folder_server(folder),
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    uvicorn.Server(settings).run(sockets=[sock])


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser with windows can be opened."""
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def forwarding(connection: str, port: int) -> str:
    """What to do on a remote machine, from ssh's `SSH_CONNECTION`: client, its port, server, its
    port.
    """
    server, ssh_port = ["SERVER", SSH_PORT, *connection.split()][-2:]
    option = "" if ssh_port == SSH_PORT else f"-p {ssh_port} "
    return (
        "this is a remote machine; on your own run\n"
        f"  ssh -N -L {port}:{LOOPBACK}:{port} {option}{getpass.getuser()}@{server}\n"
        f"and open http://localhost:{port}/ there"
    )
