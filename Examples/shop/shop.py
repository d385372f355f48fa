"""What `run` and `check` share: where the shop is, who is in it, and flotilla's commands."""
import fcntl, os, subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = Path(os.environ.get("SHOP_DATA") or HERE / "data").resolve()
if os.environ.get("SHOP_BROKER") == "nats":
    DATA = DATA / "nats"  # what was read from one broker's streams does not go on with another's
SERVICES = ["customers", "catalog", "orders", "inventory", "shipping"]
# Where orders are placed by a saga, these do what it tells them.
PARTIES = ["inventory", "payments", "shipping"]
IS_SAGA = os.environ.get("SHOP_VARIANT") == "saga"
if IS_SAGA:
    DATA = DATA / "saga"  # the services' tables are others
    SERVICES.insert(4, "payments")


class Failure(Exception):
    """Something that the user can mend."""


def programs():
    """Where flotilla and shop-orders are."""
    given = os.environ.get("FLOTILLA_BIN")
    store, broker = os.environ.get("SHOP_STORE") or "sqlite", os.environ.get("SHOP_BROKER") or "embedded"
    needs_servers = (store, broker) != ("sqlite", "embedded")
    builds = ["servers/release", "debug"] if needs_servers else ["release", "debug"]
    places = [Path(given)] if given else [ROOT / ".build" / build for build in builds]
    for place in places:
        if all(os.access(place / name, os.X_OK) for name in ("flotilla", "shop-orders")):
            return place.resolve()
    raise Failure(f"flotilla and shop-orders are not in {' or '.join(map(str, places))}; `make build STORE={store} BROKER={broker}` "
                  "builds them")


def hold(directory):
    """Keeps a second shop away from these stores, as long as this process lives."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = open(directory / "shop.lock", "w")
    except OSError as error:
        raise Failure(f"{directory} cannot be used: {error.strerror}; name another directory in SHOP_DATA")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Failure(f"a shop is running on {directory} already; end it, or name another directory in SHOP_DATA")
    return lock


def environment(stores):
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))  # programs in saga/ find what all share
    return dict(os.environ, SHOP_DATA=str(DATA), PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=path, **stores.environment,
                **stores.broker.environment)


def flotilla(program, stores, *words):
    """Runs one command of flotilla's to its end, and returns what it prints."""
    # In a session of its own: Ctrl-C ends the shop, and not a look at it.
    done = subprocess.run([program, *words, stores.fleet], env=environment(stores), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                          start_new_session=True)
    if done.returncode != 0:
        raise Failure(f"`flotilla {' '.join(words)}` ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
