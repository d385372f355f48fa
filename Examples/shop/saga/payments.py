"""The payments service: charges cards, of which some are declined, and refunds."""
from answers import SCHEMA, answer_all, state
from seed import chance, is_declined
from service import open_store

# Each movement of money is a row: what was done twice would be seen.
store = open_store("payments", SCHEMA + """
    CREATE TABLE IF NOT EXISTS charges (
        order_id TEXT PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('charged', 'declined', 'refunded')));
    CREATE TABLE IF NOT EXISTS movements (order_id TEXT NOT NULL, cents INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS movements_of_order ON movements (order_id);
    """)


def price(lines):
    return sum(line["quantity"] * chance("price", line["sku"]).randint(100, 9900) for line in lines)


def charge(command):
    order = command["order_id"]
    known = state(store, "charges", order)
    if known is None:
        known = "declined" if is_declined(order) else "charged"
        store.execute("INSERT INTO charges VALUES (?, ?)", (order, known))
        if known == "charged":
            store.execute("INSERT INTO movements VALUES (?, ?)", (order, price(command["lines"])))
    # What was refunded stays so: a request that was long on its way has no effect.
    return ("CardCharged", {}) if known == "charged" else ("CardDeclined", {"reason": "card declined"})


def refund(command):
    order = command["order_id"]
    (cents,) = store.execute("SELECT coalesce(sum(cents), 0) FROM movements WHERE order_id = ?", (order,)).fetchone()
    if cents:
        store.execute("INSERT INTO movements VALUES (?, ?)", (order, -cents))
    store.execute("INSERT INTO charges VALUES (?, 'refunded') ON CONFLICT (order_id) DO UPDATE SET state = 'refunded'",
                  (order,))
    return "CardRefunded", {}


answer_all(store, {"ChargeCard": charge, "RefundCard": refund})
