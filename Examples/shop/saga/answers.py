"""What the parties of the shop's saga share: they answer commands, each by one event that repeats the command's `saga`."""
import json

from service import beats, publish, transaction

SCHEMA = "CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY);"
AT_ONCE = 500


def answer_all(store, commands):
    """Carries out what the view `requests` tells, until the service is told to end.

    `commands` has a function for each type of command. It takes the command's payload, and returns the type and the payload of
    its answer; None where there is none yet. A command may come again, as another attempt: it has one effect, and each
    attempt gets its answer, as a refusal counts for the attempt alone that it answers.
    """
    # Its own table is asked as well: the view hears of an answer only a moment after it was given.
    waiting = """
        SELECT request, type, payload FROM requests
        WHERE NOT is_answered AND payload IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM answers AS given WHERE given.request = requests.request)
        ORDER BY rowid LIMIT ?
        """
    for _ in beats(20):
        for request, command, payload in store.execute(waiting, (AT_ONCE,)).fetchall():
            payload = json.loads(payload)
            with transaction(store):
                answer = commands[command](payload)
                if answer:
                    event, data = answer
                    order = payload["order_id"]
                    publish(store, "order", order, event, {"order_id": order, **data, "saga": payload["saga"]})
                    store.execute("INSERT INTO answers VALUES (?)", (request,))


def state(store, table, order):
    """What the service has written down of an order; None where it has not heard of it."""
    row = store.execute(f"SELECT state FROM {table} WHERE order_id = ?", (order,)).fetchone()
    return row and row[0]
