"""Where the shop's services keep their data: a SQLite file each, or a schema each of a PostgreSQL database."""
import os, sqlite3, sys

from brokers import Embedded
from server import Server
from shop import DATA, HERE, IS_SAGA, SERVICES, Failure


class Stores:
    """The stores of all services, as long as the `with` statement."""
    broker = Embedded()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def check(self):
        """Fails where they are not there any more."""

    def spelled(self, sql):
        """SQL with the words that SQLite and PostgreSQL have for the same."""
        for general, special in self.words.items():
            sql = sql.replace(general, special)
        return sql


class SQLiteStores(Stores):
    fleet = str(HERE / ("fleet-saga.yaml" if IS_SAGA else "fleet.yaml"))
    words = {"JSON_ROWS": "json_each", "JOIN_TEXTS": "group_concat"}

    def __str__(self):
        return f"the shop's stores are in {DATA}"

    @property
    def place(self):
        """What a service's program is told."""
        return str(DATA)

    @property
    def environment(self):
        return {}

    def rows(self, service, sql):
        """What a service's own store says; nothing where a table is not there yet."""
        store = self.connect(service)
        try:
            return store.execute(self.spelled(sql)).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise Failure(f"{DATA / service}.db: {error}")
        finally:
            store.close()

    def connect(self, service):
        return sqlite3.connect(f"{(DATA / service).as_uri()}.db?mode=ro", uri=True, timeout=5)

    def all_rows(self, sql):
        """What all stores together say; a service's name stands in front of its tables."""
        stores = sqlite3.connect(":memory:", uri=True)
        try:
            for service in SERVICES:
                stores.execute(f"ATTACH ? AS {service}", (f"{(DATA / service).as_uri()}.db?mode=ro",))
            return stores.execute(self.spelled(sql)).fetchall()
        except sqlite3.OperationalError as error:
            raise Failure(f"the stores in {DATA} cannot be read: {error}; `make run` makes them")
        finally:
            stores.close()


class PostgresStores(Stores):
    """On a server of the shop's own."""
    fleet = str(HERE / "fleet-postgres.yaml")
    words = {"JSON_ROWS": "jsonb_array_elements", "JOIN_TEXTS": "string_agg"}

    def __init__(self):
        self.server = Server(DATA / "postgres")

    def __enter__(self):
        try:
            self.server.start()
        except BaseException:
            self.server.stop()
            raise
        return self

    def __exit__(self, *_):
        self.server.stop()

    def check(self):
        self.server.check()

    def __str__(self):
        return f"the shop's stores are schemas of a PostgreSQL database: psql '{self.place}'"

    @property
    def place(self):
        return self.server.url("shop")

    @property
    def environment(self):
        return {"SHOP_POSTGRES": self.place}

    def rows(self, service, sql):
        import psycopg2
        try:
            return self.query(service, sql)
        except psycopg2.errors.UndefinedTable:
            return []
        except psycopg2.Error as error:
            raise Failure(f"{self.place}: {error}")

    def all_rows(self, sql):
        import psycopg2
        try:
            return self.query("pg_catalog", sql)
        except psycopg2.Error as error:
            raise Failure(f"the stores cannot be read: {error}; `make run STORE=postgres` makes them")

    def query(self, schema, sql):
        from postgres import PostgresStore
        store = PostgresStore(self.place, schema)
        try:
            return store.execute(self.spelled(sql)).fetchall()
        finally:
            store.close()


def chosen():
    """The kind that SHOP_STORE names."""
    kind = os.environ.get("SHOP_STORE") or "sqlite"
    variant = os.environ.get("SHOP_VARIANT") or "flow"
    if variant not in ("flow", "saga"):
        raise Failure(f"SHOP_VARIANT is flow or saga, not {variant}")
    if IS_SAGA and kind != "sqlite":
        raise Failure("the shop's saga is on SQLite alone; leave SHOP_STORE out")
    if kind == "sqlite":
        return SQLiteStores()
    if kind == "postgres":
        find_driver()
        return PostgresStores()
    raise Failure(f"SHOP_STORE is sqlite or postgres, not {kind}")


def find_driver():
    """Goes on as Debian's Python where the one at work has no driver for PostgreSQL: Debian's package is for its own."""
    try:
        import psycopg2
    except ImportError:
        debian = "/usr/bin/python3"
        if sys.executable != debian and os.access(debian, os.X_OK):
            os.execv(debian, [debian, *sys.argv])
        raise Failure("Python has no psycopg2; `scripts/setup postgres` installs it")
