"""The shipping service: packs what is reserved, and hands it over a little later, as its view of the others tells."""
import time

from service import beats, chance, open_store, publish, transaction

store = open_store("shipping", """
    CREATE TABLE IF NOT EXISTS parcels (
        order_id TEXT PRIMARY KEY,
        recipient TEXT NOT NULL,                    -- the name on the label, as it was known when it was written
        state TEXT NOT NULL CHECK (state IN ('packed', 'shipped')),
        tracking TEXT,
        collected_at DOUBLE PRECISION NOT NULL);    -- seconds since 1970
    CREATE INDEX IF NOT EXISTS parcels_packed ON parcels (collected_at) WHERE state = 'packed';
    """, capture="log")

# Its own table is asked as well: the view hears of a parcel only a moment after it was sent.
TO_PACK = """
    SELECT order_id, name FROM parcels_to_ship AS waiting JOIN recipients USING (customer_id)
    WHERE is_reserved AND NOT is_shipped
      AND NOT EXISTS (SELECT 1 FROM parcels WHERE parcels.order_id = waiting.order_id)
    ORDER BY order_id LIMIT 50
    """
TO_SHIP = "SELECT order_id FROM parcels WHERE state = 'packed' AND collected_at <= ? ORDER BY collected_at LIMIT 50"


def pack(order, recipient):
    collected_at = time.time() + chance("shipping", order).uniform(0.2, 1)
    store.execute("INSERT INTO parcels VALUES (?, ?, 'packed', NULL, ?)", (order, recipient, collected_at))
    publish(store, "order", order, "ParcelPacked", {"order_id": order})


def ship(order):
    tracking = f"{chance('tracking', order).randrange(10**10):010}"
    store.execute("UPDATE parcels SET state = 'shipped', tracking = ? WHERE order_id = ?", (tracking, order))
    publish(store, "order", order, "ParcelShipped", {"order_id": order, "tracking": tracking})


for _ in beats(10):
    for order, recipient in store.execute(TO_PACK).fetchall():
        with transaction(store):
            pack(order, recipient)
    for (order,) in store.execute(TO_SHIP, (time.time(),)).fetchall():
        with transaction(store):
            ship(order)
