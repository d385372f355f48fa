"""The customers service: people register, and some change their names while their orders are on the way."""
from service import RATE, beats, chance, open_store, publish, transaction

FIRST_NAMES = "Ada Alan Barbara Edgar Frances Grace Hedy Ivan Jean Jim Joan Ken Leslie Margaret Mary Niklaus".split()
LAST_NAMES = "Allen Bartik Clarke Codd Engelbart Gray Hamilton Hopper Knuth Lamport Liskov Lovelace Sutherland".split()

# The version is 1 at first, and grows with each new name: their sum tells how far the work has come.
store = open_store("customers", """
    CREATE TABLE IF NOT EXISTS customers (
        customer_id TEXT PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);
    """)


def register(number, choose):
    customer = f"C-{number:05}"
    name = f"{choose.choice(FIRST_NAMES)} {choose.choice(LAST_NAMES)}"
    store.execute("INSERT INTO customers (customer_id, name) VALUES (?, ?)", (customer, name))
    publish(store, "customer", customer, "CustomerRegistered", {"customer_id": customer, "name": name})


def rename(customer, choose):
    (old,) = store.execute("SELECT name FROM customers WHERE customer_id = ?", (customer,)).fetchone()
    first, last = old.split()
    name = f"{first} {choose.choice([other for other in LAST_NAMES if other != last])}"
    store.execute("UPDATE customers SET name = ?, version = version + 1 WHERE customer_id = ?", (name, customer))
    publish(store, "customer", customer, "CustomerRenamed", {"customer_id": customer, "name": name})


def act():
    """The next thing that happens: what it is depends on the seed and on what happened before, never on time."""
    with transaction(store):
        count, done = store.execute("SELECT count(*), coalesce(sum(version), 0) FROM customers").fetchone()
        choose = chance("customers", done)
        if count < 40 or choose.random() < 0.5:
            register(count + 1, choose)
        else:
            rename(f"C-{choose.randint(1, count):05}", choose)
    return count


while act() < 40:
    pass
for _ in beats(RATE / 2):
    act()
