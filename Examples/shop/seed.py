"""What depends on the seed: it is the same for the same seed and matter, in whichever run and program."""
import os, random

SEED = os.environ.get("SHOP_SEED") or "1"


def chance(*about):
    """Random numbers about a matter."""
    return random.Random("/".join(map(str, (SEED, *about))))


# What becomes of an order that is placed by a saga.

def is_out_of_stock(order):
    return chance("stock", order).random() < 0.08


def is_declined(order):
    return chance("card", order).random() < 0.1


def is_slow(order):
    return chance("shipper", order).random() < 0.1
