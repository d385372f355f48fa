CREATE TABLE outbox (
    id uuid NOT NULL PRIMARY KEY,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb
);

-- These rows are there before the slot is.
INSERT INTO outbox VALUES
    ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'T', '{"n":1}'),
    ('00000000-0000-4000-8000-000000000002', 'Customer', '2', 'T', NULL),
    ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'T', '{"n":3}');

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'T', '{"n":4}');
