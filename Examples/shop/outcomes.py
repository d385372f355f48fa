"""What became of the orders that a saga placed: all or nothing of each, and as the seed says."""
import json, signal, time

from crew import ENDINGS, Crew
from seed import is_declined, is_out_of_stock
from shop import PARTIES, Failure, flotilla

PATIENCE = 120  # seconds in which sagas that are under way have to end

# Of each order: how often it was confirmed and cancelled, the lines ordered and reserved, its movements of money and their sum,
# the parcels sent.
OUTCOMES = """
    SELECT order_id, coalesce(confirmations, 0), coalesce(cancellations, 0),
        (SELECT count(*) FROM orders.order_lines AS line WHERE line.order_id = placed.order_id),
        (SELECT count(*) FROM orders.order_lines AS line JOIN inventory.reservations USING (order_id, sku, quantity)
            WHERE line.order_id = placed.order_id),
        (SELECT count(*) FROM inventory.reservations AS held WHERE held.order_id = placed.order_id),
        (SELECT count(*) FROM payments.movements AS moved WHERE moved.order_id = placed.order_id),
        (SELECT coalesce(sum(cents), 0) FROM payments.movements AS moved WHERE moved.order_id = placed.order_id),
        (SELECT count(*) FROM shipping.parcels AS parcel WHERE parcel.order_id = placed.order_id AND state = 'shipped')
    FROM orders.orders AS placed LEFT JOIN orders.order_outcomes USING (order_id) ORDER BY order_id
    """
# Pieces that came in are on the shelf or reserved.
MISSING = """
    SELECT sku FROM inventory.stock WHERE on_hand + (
        SELECT coalesce(sum(quantity), 0) FROM inventory.reservations AS held WHERE held.sku = stock.sku) != delivered
    """


def finish(program, stores):
    """Lets the sagas that are under way come to their end; no order is placed meanwhile."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    crew = Crew(stores)
    deadline = time.monotonic() + PATIENCE
    try:
        crew.start("flotilla", program, "run", stores.fleet)
        for name in PARTIES:
            crew.start_service(name)
        while not is_finished(program, stores):
            if time.monotonic() > deadline:
                raise Failure(f"sagas have not ended in {PATIENCE} s; `flotilla sagas list` shows them")
            if signal.sigtimedwait(ENDINGS, 0.5):
                raise KeyboardInterrupt
            crew.check()
    finally:
        crew.end()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)


def is_finished(program, stores):
    """Whether there is an outcome of every order, and no saga goes on."""
    status = json.loads(flotilla(program, stores, "status", "--json"))
    (saga,) = status["sagas"]
    if saga["parked"]:
        raise Failure(f"{saga['parked']} sagas are parked; `flotilla sagas list --status parked` shows them")
    (open_orders,) = stores.rows("orders", """
        SELECT count(*) FROM orders LEFT JOIN order_outcomes USING (order_id)
        WHERE coalesce(confirmations + cancellations, 0) = 0""")[0]
    return open_orders == 0 and saga["running"] == 0 and saga["compensating"] == 0


def judge(stores):
    """Tells what is wrong. Returns whether anything is."""
    wrong = [f"pieces of {sku} are missing, or too many" for (sku,) in stores.all_rows(MISSING)]
    counts = {"confirmed": 0, "out of stock": 0, "declined": 0}
    for order, *facts in stores.all_rows(OUTCOMES):
        expected = "out of stock" if is_out_of_stock(order) else "declined" if is_declined(order) else "confirmed"
        counts[expected] += 1
        if not is_right(expected, *facts):
            wrong.append(f"{order} should be {expected}: (confirmed, cancelled, lines, reserved as ordered, reserved, "
                         f"movements, cents, shipped) = {facts}")
    summary = (f"{counts['confirmed']} orders confirmed, shipped and charged, "
               f"{counts['out of stock']} out of stock, {counts['declined']} with a declined card")
    if wrong:
        print("\n  ".join([f"{len(wrong)} wrong outcomes; the seed says {summary}:", *wrong[:10]]))
    else:
        print(f"right outcomes, as the seed says: {summary}")
    return bool(wrong)


def is_right(expected, confirmed, cancelled, lines, reserved_as_ordered, reserved, movements, cents, shipped):
    if expected == "confirmed":
        return ((confirmed, cancelled, movements, shipped) == (1, 0, 1, 1) and cents > 0
                and lines == reserved_as_ordered == reserved)
    return (confirmed, cancelled, reserved, cents, shipped) == (0, 1, 0, 0, 0)  # what was charged is refunded
