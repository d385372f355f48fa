CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload {payload}
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'JSON', '{ "a" : 1.0, "u" : "\u0000 \u00fc ü" }');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'Empty', '');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'SQLNull', NULL);

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'Spaces', '   ');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'NotJSON', E'plain "text"\\, it''s\r\nof\ttwo lines; Grüße 漢字 🚢 \u2028 \u0001');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000006', 'Order', '6', 'WordNull', 'null');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000007', 'Order', '7', 'XML', '<order id="7"><line/></order>');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000008', 'Order', '8', 'BrokenJSON', '{"a": [1, 2');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000009', 'Order', '9', 'Long', repeat('0123456789', 300));
