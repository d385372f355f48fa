-- The column holds a java.util.Properties as text.
CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb,
    tracingspancontext varchar(256)
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'T', '{"n":1}',
    E'#A comment\n#Sat Feb 28 12:34:56 UTC 2026\ntraceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'T', '{"n":2}',
    E'traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\ntracestate=a\\=b,c\\=d\n');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'T', '{"n":3}', NULL);

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'T', '{"n":4}', '');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'T', '{"n":5}', 'not = a \u00 context');
