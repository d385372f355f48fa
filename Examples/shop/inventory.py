"""The inventory service: sets aside what was ordered, as its view of the orders tells."""
import json

from service import beats, open_store, publish, transaction

DELIVERY = 100  # so many pieces come in when too few are left

store = open_store("inventory", """
    CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL CHECK (on_hand >= 0));
    CREATE TABLE IF NOT EXISTS reservations (
        order_id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (order_id, sku));
    """, capture="message")

# Its own table is asked as well: the view hears of a reservation only a moment after it was made.
WAITING = """
    SELECT order_id, CAST(lines AS TEXT) FROM orders_to_reserve AS waiting
    WHERE NOT is_reserved AND lines IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM reservations AS done WHERE done.order_id = waiting.order_id)
    ORDER BY order_id LIMIT 50
    """


def reserve(order, lines):
    for line in lines:
        sku, quantity = line["sku"], line["quantity"]
        store.execute("INSERT INTO stock VALUES (?, ?) ON CONFLICT DO NOTHING", (sku, DELIVERY))
        store.execute("UPDATE stock SET on_hand = on_hand + ? WHERE sku = ? AND on_hand < ?", (DELIVERY, sku, quantity))
        store.execute("UPDATE stock SET on_hand = on_hand - ? WHERE sku = ?", (quantity, sku))
        store.execute("INSERT INTO reservations VALUES (?, ?, ?)", (order, sku, quantity))
    publish(store, "order", order, "StockReserved", {"order_id": order})


for _ in beats(10):
    for order, lines in store.execute(WAITING).fetchall():
        with transaction(store):
            reserve(order, json.loads(lines))
