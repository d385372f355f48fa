"""The catalogue service: products are added, and some get a better title while orders for them are on the way."""
from service import RATE, beats, chance, open_store, publish, transaction

QUALITIES = "Blue Brass Copper Folding Green Heavy Light Little Oak Red Round Silver Sturdy White".split()
THINGS = "Anchor Barometer Bell Bucket Chart Compass Flag Hammock Kettle Lantern Oar Rope Sextant Teapot".split()

# The version is 1 at first, and grows with each new title: their sum tells how far the work has come.
store = open_store("catalog", """
    CREATE TABLE IF NOT EXISTS products (
        sku TEXT PRIMARY KEY, title TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);
    """)


def add(number, choose):
    sku = f"P-{number:05}"
    title = f"{choose.choice(QUALITIES)} {choose.choice(THINGS)}"
    store.execute("INSERT INTO products (sku, title) VALUES (?, ?)", (sku, title))
    publish(store, "product", sku, "ProductAdded", {"sku": sku, "title": title})


def retitle(sku, choose):
    (old,) = store.execute("SELECT title FROM products WHERE sku = ?", (sku,)).fetchone()
    quality, thing = old.split()
    title = f"{choose.choice([other for other in QUALITIES if other != quality])} {thing}"
    store.execute("UPDATE products SET title = ?, version = version + 1 WHERE sku = ?", (title, sku))
    publish(store, "product", sku, "ProductRetitled", {"sku": sku, "title": title})


def act():
    """The next thing that happens: what it is depends on the seed and on what happened before, never on time."""
    with transaction(store):
        count, done = store.execute("SELECT count(*), coalesce(sum(version), 0) FROM products").fetchone()
        choose = chance("catalog", done)
        if count < 30 or choose.random() < 0.2:
            add(count + 1, choose)
        else:
            retitle(f"P-{choose.randint(1, count):05}", choose)
    return count


while act() < 30:
    pass
for _ in beats(RATE / 5):
    act()
