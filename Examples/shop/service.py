"""What the shop's Python services share: the store, the outbox row, the pace, and how they end."""
import contextlib, json, os, signal, sqlite3, sys, time, uuid

from seed import chance

RATE = float(os.environ.get("SHOP_RATE", "20"))  # orders a second; what else happens keeps pace with them

# Signals to end wait until they are asked for, in `beats`: none interrupts a transaction.
ENDINGS = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)


class SQLiteStore(sqlite3.Connection):
    begin = "BEGIN IMMEDIATE"
    capture = "poll"


def open_store(service, schema, capture="poll"):
    """Opens the service's own store, which `flotilla apply` has made, and creates the service's own tables in it.

    The program's argument says where it is: the directory of the SQLite files, or the URL of the PostgreSQL database.
    `capture` is how events leave that one, as fleet-postgres.yaml says; SQLite has `poll` alone.
    """
    place = sys.argv[1] if len(sys.argv) > 1 else "data"
    if place.startswith("postgres"):
        from postgres import PostgresStore
        store = PostgresStore(place, service, capture)
    else:
        path = os.path.join(place, service + ".db")
        if not os.path.exists(path):
            sys.exit(f"{service}: there is no {path}; run `flotilla apply` first, or name the data directory")
        # Whoever writes meanwhile (Flotilla does, to the views) is waited for, up to 30 seconds.
        store = sqlite3.connect(path, timeout=30, isolation_level=None, factory=SQLiteStore)
    store.executescript(schema)
    return store


@contextlib.contextmanager
def transaction(store):
    """All that is written within commits together, or leaves no trace."""
    store.execute(store.begin)
    try:
        yield
    except BaseException:
        store.execute("ROLLBACK")
        raise
    store.execute("COMMIT")


def publish(store, aggregate, key, event, data):
    """One row in the outbox, in the transaction at hand, is all that it takes to publish an event."""
    id = str(uuid.uuid4())
    if store.capture == "message":
        # Or one message in PostgreSQL's log, without any table.
        message = {"id": id, "aggregatetype": aggregate, "aggregateid": key, "type": event, "payload": data}
        store.execute("SELECT pg_logical_emit_message(true, 'flotilla', ?)", (json.dumps(message),))
        return
    store.execute("INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES (?, ?, ?, ?, ?)",
                  (id, aggregate, key, event, json.dumps(data)))
    if store.capture == "log":
        # The log has the row, and Flotilla reads it there: the table may stay empty.
        store.execute("DELETE FROM outbox WHERE id = ?", (id,))


def beats(per_second):
    """Yields so many times a second, until the service is told to end."""
    due = time.monotonic()
    while True:
        heard = signal.sigtimedwait(ENDINGS, max(0, due - time.monotonic()))
        if heard and heard.si_signo in ENDINGS:  # Python returns something else where the process was stopped and goes on
            return
        yield
        due = max(due, time.monotonic() - 1) + 1 / per_second  # what was missed for longer than a second is let go
