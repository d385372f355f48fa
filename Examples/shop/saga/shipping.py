"""The shipping service of the saga: packs what it is told to, and answers when the parcel is handed over; some take long."""
import time

from answers import SCHEMA, answer_all
from seed import chance, is_slow
from service import open_store, publish

store = open_store("shipping", SCHEMA + """
    CREATE TABLE IF NOT EXISTS parcels (
        order_id TEXT PRIMARY KEY,
        recipient TEXT NOT NULL,                    -- the name on the label, as it was known when it was written
        state TEXT NOT NULL CHECK (state IN ('packed', 'shipped')),
        tracking TEXT,
        collected_at DOUBLE PRECISION NOT NULL);    -- seconds since 1970
    """)


def ship(command):
    order = command["order_id"]
    parcel = store.execute("SELECT state, tracking, collected_at FROM parcels WHERE order_id = ?", (order,)).fetchone()
    if parcel is None:
        return pack(order, command["customer_id"])
    state, tracking, collected_at = parcel
    if state == "packed":
        if time.time() < collected_at:
            return None
        tracking = f"{chance('tracking', order).randrange(10**10):010}"
        store.execute("UPDATE parcels SET state = 'shipped', tracking = ? WHERE order_id = ?", (tracking, order))
    return "ParcelShipped", {"tracking": tracking}


def pack(order, customer):
    recipient = store.execute("SELECT name FROM recipients WHERE customer_id = ?", (customer,)).fetchone()
    if recipient:
        # Slow ones take longer than the saga waits for: it asks again.
        takes = chance("shipping", order).uniform(*((3, 5) if is_slow(order) else (0.2, 1)))
        store.execute("INSERT INTO parcels VALUES (?, ?, 'packed', NULL, ?)", (order, recipient[0], time.time() + takes))
        publish(store, "order", order, "ParcelPacked", {"order_id": order})


answer_all(store, {"ShipParcel": ship})
