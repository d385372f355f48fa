"""The inventory service of the saga: sets aside what it is told to, unless the shelf is empty, and puts it back."""
from answers import SCHEMA, answer_all, state
from seed import is_out_of_stock
from service import open_store

DELIVERY = 100  # so many pieces come in when too few are left

store = open_store("inventory", SCHEMA + """
    CREATE TABLE IF NOT EXISTS stock (
        sku TEXT PRIMARY KEY, delivered INTEGER NOT NULL, on_hand INTEGER NOT NULL CHECK (on_hand >= 0));
    CREATE TABLE IF NOT EXISTS reservations (
        order_id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (order_id, sku));
    CREATE TABLE IF NOT EXISTS reserved_orders (
        order_id TEXT PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('reserved', 'refused', 'released')));
    """)


def reserve(command):
    order = command["order_id"]
    known = state(store, "reserved_orders", order)
    if known is None:
        known = "refused" if is_out_of_stock(order) else "reserved"
        store.execute("INSERT INTO reserved_orders VALUES (?, ?)", (order, known))
        if known == "reserved":
            take(order, command["lines"])
    # What was released stays so: a request that was long on its way has no effect.
    return ("StockReserved", {}) if known == "reserved" else ("StockRefused", {"reason": "out of stock"})


def take(order, lines):
    for line in lines:
        sku, quantity = line["sku"], line["quantity"]
        store.execute("INSERT INTO stock VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (sku, DELIVERY, DELIVERY))
        store.execute("UPDATE stock SET delivered = delivered + ?, on_hand = on_hand + ? WHERE sku = ? AND on_hand < ?",
                      (DELIVERY, DELIVERY, sku, quantity))
        store.execute("UPDATE stock SET on_hand = on_hand - ? WHERE sku = ?", (quantity, sku))
        store.execute("INSERT INTO reservations VALUES (?, ?, ?)", (order, sku, quantity))


def release(command):
    order = command["order_id"]
    held = store.execute("SELECT sku, quantity FROM reservations WHERE order_id = ?", (order,)).fetchall()
    for sku, quantity in held:
        store.execute("UPDATE stock SET on_hand = on_hand + ? WHERE sku = ?", (quantity, sku))
    store.execute("DELETE FROM reservations WHERE order_id = ?", (order,))
    store.execute("INSERT INTO reserved_orders VALUES (?, 'released') "
                  "ON CONFLICT (order_id) DO UPDATE SET state = 'released'", (order,))
    return "StockReleased", {}


answer_all(store, {"ReserveStock": reserve, "ReleaseStock": release})
