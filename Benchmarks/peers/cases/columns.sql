-- Columns of many types beside the documented ones, to be placed in headers.
CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb,
    tenant text,
    version integer,
    small smallint,
    position bigint,
    urgent boolean,
    weight real,
    ratio double precision,
    total numeric(12,2),
    exact numeric,
    placed_on date,
    placed_at timestamp,
    placed_at_zone timestamptz,
    at_time time,
    correlation uuid,
    context jsonb,
    raw bytea,
    tags text[]
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'OrderPlaced', '{"n": 1}',
    'acme', 7, 3, 9007199254740993, true, 1.5, 0.1, 1234.50, 1.0,
    '2026-02-28', '2026-02-28 12:34:56.789012', '2026-02-28 12:34:56.789012+02', '12:34:56.789012',
    'ABCDEF00-0000-4000-8000-00000000ABCD', '{"trace": "t", "n":1.0}', '\x00ff41', ARRAY['a', 'b "c"', NULL]);

-- Nothing in any of them.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'OrderPaid', '{"n": 2}');

-- Empty, negative, round, extreme.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'Order "Sent", 漢字', '{"n": 3}',
    '', -1, -32768, -9223372036854775808, false, 1e30, 1e-7, -0.05, 12345678901234567890.1234567890,
    '1969-12-31', '1969-12-31 23:59:59.999999', '2026-02-28 12:00:00+00', '00:00:00',
    '00000000-0000-0000-0000-000000000000', '{}', '\x', ARRAY[]::text[]);

-- Texts that look like something else.
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, tenant, weight, ratio, total, exact) VALUES
    ('00000000-0000-4000-8000-000000000004', 'Order', '4', '42', '{"n": 4}', '007', 0, 100, 0, 1e10);

INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, tenant, ratio, total) VALUES
    ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'true', '{"n": 5}', E'two\nlines, a \\ and a "quote" 🚢', 1e21, 100);

INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, tenant) VALUES
    ('00000000-0000-4000-8000-000000000006', 'Order', '6', 'null', NULL, '{"json": [1]}');
