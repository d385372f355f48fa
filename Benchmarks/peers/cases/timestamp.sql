CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb,
    happened_at {timestamp}
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'T', '{"n":1}', {first});

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'T', '{"n":2}', {second});

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'T', '{"n":3}', NULL);
