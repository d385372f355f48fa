-- The table as Debezium's documentation gives it.
CREATE TABLE outbox (
    id uuid NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload {payload}
);

-- rows

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'OrderPlaced', '{"id": 1, "total": 99.5}');

-- Nested.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000002', 'Order', '2', 'OrderPlaced',
    '{"a":{"b":{"c":{"d":[{"e":[]},{"f":{}},[[[1]]]]}}},"lines":[{"sku":"x","n":1},{"sku":"y","n":2}]}');

-- Unicode: as it is, escaped, beyond the basic plane, separators of lines, a byte order mark, combining marks.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000003', 'Order', '3', 'OrderPlaced',
    '{"plain":"Grüße, 漢字, עברית, 🚢","escaped":"\u00fc \u6f22 \ud83d\udea2 \u2028 \u2029 \ufeff \u007f","mark":"é é"}');

-- Escapes.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000004', 'Order', '4', 'OrderPlaced',
    '{"all":"\" \\ \/ / \b \f \n \r \t \u0001 \u001f","quote''s":"it''s","\u006b\"ey":"\\u0041 \\n"}');

-- Numbers.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000005', 'Order', '5', 'OrderPlaced',
    '{"n":[0,-0,-0.0,1.0,1.50,100,1e10,1E+10,1e-7,1.5e3,0.1000,1e30,-1.25E-2,9007199254740993,9223372036854775808]}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000006', 'Order', '6', 'OrderPlaced',
    '{"long":-123456789012345678901234567890123456789012345678901234567890,"precise":0.1234567890123456789012345678901234567890}');

-- White space, the order of keys, a key twice, an empty key.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000007', 'Order', '7', 'OrderPlaced',
    E'  {  "zeta" : 1 ,\n\t"a":[ 1,2 , 3 ],\r\n "bb" :{ } , "a" : "again", "":"no name" }  ');

-- Payloads that are not an object with something in it.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000011', 'Order', '11', 'Empty', '{}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000012', 'Order', '12', 'Array', '[]');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000013', 'Order', '13', 'Array', '[1, "two", null, true, {"three": 3}, [4]]');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000014', 'Order', '14', 'JSONNull', 'null');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000015', 'Order', '15', 'SQLNull', NULL);

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000016', 'Order', '16', 'True', 'true');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000017', 'Order', '17', 'String', '"only a string"');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000018', 'Order', '18', 'EmptyString', '""');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000019', 'Order', '19', 'Number', '42.0');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-00000000001a', 'Order', '20', 'Nulls', '{"a":null,"b":[null],"c":{"d":null}}');

INSERT INTO outbox SELECT '00000000-0000-4000-8000-00000000001b', 'Order', '21', 'Long',
    ('{"text": "' || repeat('0123456789', 300) || '"}')::{payload};

-- Aggregate types, which become topics.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000021', 'CustomerAccount', '1', 'T', '{"topic":"mixed case"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000022', 'sales.eu.Order', '1', 'T', '{"topic":"dots"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000023', 'sales order', '1', 'T', '{"topic":"a space"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000024', ' Order ', '1', 'T', '{"topic":"spaces around"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000025', '', '1', 'T', '{"topic":"empty"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000026', 'a/b:c$1\2${routedByValue}', '1', 'T', '{"topic":"signs"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000027', 'Bestellung-Größe-注文', '1', 'T', '{"topic":"unicode"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000028', E'two\nlines', '1', 'T', '{"topic":"two lines"}');

-- Keys and types.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000031', 'Order', '', '', '{"key":"empty"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000032', 'Order', ' a "quoted"\key, 漢字 🚢 ', 'Type with "quotes"', '{"key":"signs"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000033', 'Order', E'two\nlines\tand a tab', 'T', '{"key":"white space"}');

INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000034', 'Order', repeat('k', 255), repeat('t', 255), '{"key":"long"}');

INSERT INTO outbox VALUES ('ABCDEF00-0000-4000-8000-00000000ABCD', 'Order', '35', 'UpperCaseId', '{"id":"in upper case"}');

-- The same id once more: the router does not look for repeats.
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000001', 'Order', '1', 'OrderPlaced', '{"id": 1, "total": 99.5}');

-- Transactions of several rows.
INSERT INTO outbox VALUES
    ('00000000-0000-4000-8000-000000000041', 'Order', '41', 'T', '{"n":1}'),
    ('00000000-0000-4000-8000-000000000042', 'Customer', '42', 'T', '{"n":2}'),
    ('00000000-0000-4000-8000-000000000043', 'Order', '41', 'T', '{"n":3}');

BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000044', 'Order', '44', 'T', '{"n":4}');
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000045', 'Order', '44', 'T', '{"n":5}');
COMMIT;

BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000046', 'Order', '46', 'T', '{"never":"rolled back"}');
ROLLBACK;

BEGIN;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000047', 'Order', '47', 'T', '{"n":7}');
SAVEPOINT one;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000048', 'Order', '48', 'T', '{"never":"savepoint rolled back"}');
ROLLBACK TO one;
SAVEPOINT two;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-000000000049', 'Order', '49', 'T', '{"n":9}');
RELEASE two;
INSERT INTO outbox VALUES ('00000000-0000-4000-8000-00000000004a', 'Order', '4a', 'T', '{"n":10}');
COMMIT;
