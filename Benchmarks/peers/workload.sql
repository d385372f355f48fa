-- The tables and functions of the workloads; safe to run again.
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS orders (
    id bigint PRIMARY KEY,
    customer_id integer NOT NULL,
    total numeric(10,2) NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE IF NOT EXISTS order_ids START 10000000;

-- Debezium's documented columns; the key is what deletes are published by.
CREATE TABLE IF NOT EXISTS outbox (
    id uuid NOT NULL PRIMARY KEY,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb
);

-- 282 bytes of JSON, as PostgreSQL writes it; `at` is now, in microseconds since 1970.
CREATE OR REPLACE FUNCTION order_payload(order_id bigint) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT ('{"at": ' || (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        || ', "note": "leave it beside the back door.",'
        || ' "lines": [{"sku": "SKU-000417", "price": 12.50, "quantity": 2},'
        || ' {"sku": "SKU-002093", "price": 8.25, "quantity": 1}],'
        || ' "total": 33.25, "status": "placed", "currency": "EUR", "order_id": ' || order_id
        || ', "customer_id": ' || 1000 + order_id % 9000 || '}')::jsonb
$$;

-- One order, as a service would place it: two rows, or one that is gone at the commit.
CREATE OR REPLACE FUNCTION place_order(deleted boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    order_id bigint := nextval('order_ids');
    event uuid := gen_random_uuid();
BEGIN
    INSERT INTO orders (id, customer_id, total) VALUES (order_id, 1000 + order_id % 9000, 33.25);
    INSERT INTO outbox VALUES (event, 'Order', order_id::text, 'OrderPlaced', order_payload(order_id));
    IF deleted THEN
        DELETE FROM outbox WHERE id = event;
    END IF;
END
$$;

-- A: transactions of one order each.
CREATE OR REPLACE PROCEDURE fill_a(transactions integer, deleted boolean) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1..transactions LOOP
        PERFORM place_order(deleted);
        COMMIT;
    END LOOP;
END
$$;

-- B: transactions of a hundred outbox rows each.
CREATE OR REPLACE PROCEDURE fill_b(transactions integer, deleted boolean) LANGUAGE plpgsql AS $$
DECLARE
    event_ids uuid[];
BEGIN
    FOR n IN 1..transactions LOOP
        WITH placed AS (
            INSERT INTO outbox SELECT gen_random_uuid(), 'Order', order_id::text, 'OrderPlaced', order_payload(order_id)
            FROM (SELECT nextval('order_ids') AS order_id FROM generate_series(1, 100)) AS orders
            RETURNING id
        )
        SELECT array_agg(id) INTO event_ids FROM placed;
        IF deleted THEN
            DELETE FROM outbox WHERE id = ANY (event_ids);
        END IF;
        COMMIT;
    END LOOP;
END
$$;
