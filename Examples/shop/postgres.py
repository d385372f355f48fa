"""A store in PostgreSQL, with the calls of Python's sqlite3, so that the services are the same on both."""
import psycopg2


class PostgresStore:
    """One schema of a database. Each statement commits by itself, but those between BEGIN and COMMIT."""
    begin = "BEGIN"

    def __init__(self, url, schema, capture="poll"):
        self.capture = capture
        self.connection = psycopg2.connect(url, options=f"-c search_path={schema}")
        self.connection.autocommit = True

    def execute(self, sql, parameters=()):
        cursor = self.connection.cursor()
        cursor.execute(sql.replace("?", "%s"), parameters or None)  # parameters are written ? in one, %s in the other
        return cursor

    def executescript(self, sql):
        self.execute(sql)

    def close(self):
        self.connection.close()
