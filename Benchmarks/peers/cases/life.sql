-- The documented columns, with what PostgreSQL needs to publish updates and deletes.
CREATE TABLE outbox (
    id uuid NOT NULL{key},
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb
);

{identity}

-- rows

-- Written and deleted in one transaction: the table stays empty.
BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'T', '{"n":1}');
DELETE FROM outbox WHERE id = '00000000-0000-4000-8000-000000000001';
COMMIT;

-- In one statement, even.
WITH written AS (
    INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'T', '{"n":2}') RETURNING id
)
DELETE FROM outbox USING written WHERE outbox.id = written.id;

INSERT INTO outbox VALUES
    ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'T', '{"n":3}'),
    ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'T', '{"n":4}'),
    ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'T', '{"n":5}'),
    ('00000000-0000-4000-8000-000000000006', 'Order', '6', 'T', '{"n":6}');

-- Updates.
UPDATE outbox SET payload = '{"updated":true}' WHERE id = '00000000-0000-4000-8000-000000000003';

UPDATE outbox SET aggregateid = 'other' WHERE id = '00000000-0000-4000-8000-000000000003';

UPDATE outbox SET payload = NULL WHERE id = '00000000-0000-4000-8000-000000000003';

-- The row's own key changes.
UPDATE outbox SET id = '00000000-0000-4000-8000-0000000000ff' WHERE id = '00000000-0000-4000-8000-000000000004';

-- Written and updated in one transaction.
BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000007', 'Order', '7', 'T', '{"n":7}');
UPDATE outbox SET payload = '{"n":"7, updated"}' WHERE id = '00000000-0000-4000-8000-000000000007';
COMMIT;

-- Deletes, and one of several rows.
DELETE FROM outbox WHERE id = '00000000-0000-4000-8000-000000000005';

DELETE FROM outbox WHERE aggregateid IN ('3', '6');

-- A deleted id comes back.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'T', '{"n":"5 again"}');

-- A delete that is rolled back with its savepoint.
BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000008', 'Order', '8', 'T', '{"n":8}');
SAVEPOINT one;
DELETE FROM outbox WHERE id = '00000000-0000-4000-8000-000000000008';
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000009', 'Order', '9', 'T', '{"never":true}');
ROLLBACK TO one;
COMMIT;

TRUNCATE outbox;

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-00000000000a', 'Order', '10', 'T', '{"n":"after truncate"}');
