-- A table with names of its own, in a schema of its own.
CREATE SCHEMA "Sales";

CREATE TABLE "Sales"."Events" (
    "eventId" bigint PRIMARY KEY,
    area text,
    customer bigint,
    "eventType" text NOT NULL,
    body text,
    aggregateid varchar(255)
);

-- rows

INSERT INTO "Sales"."Events" VALUES (1, 'Order', 42, 'order.placed', '{"n":1}', 'a');

INSERT INTO "Sales"."Events" VALUES (2, 'Order', NULL, 'order.paid', '{"n":2}', 'b');

INSERT INTO "Sales"."Events" VALUES (9007199254740993, 'Order', -9223372036854775808, 'Order_Sent', '{"n":3}', 'c');
