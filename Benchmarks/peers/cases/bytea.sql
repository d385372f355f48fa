CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload bytea
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'JSON', convert_to('{ "a" : 1.0, "u" : "ü 漢字 🚢" }', 'UTF8'));

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'Binary', '\x00ff80fe0a0d7f5c2227');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'Empty', '\x');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'SQLNull', NULL);

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'Zero', '\x00');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000006', 'Order', '6', 'Framed', '\x00000000010a0548656c6c6f');

INSERT INTO outbox SELECT '00000000-0000-4000-8000-000000000007', 'Order', '7', 'EveryByte',
    string_agg(set_byte('\x00', 0, each), '' ORDER BY each) FROM generate_series(0, 255) AS each;
