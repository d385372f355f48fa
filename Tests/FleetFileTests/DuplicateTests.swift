import FleetFile
import Testing

@Suite struct DuplicateTests {
    @Test func everyDuplicateIsReported() {
        Marked(
            """
            fleet: f
            ‸fleet: g
            services:
              a:
                store: sqlite:a.db
                ‸store: sqlite:b.db
                publishes: [A]
                views:
                  v:
                    schema: CREATE
                    when:
                      a.A: SELECT 1
                      ‸"a.A": SELECT 2
                      ‸a.B: SELECT 2
                  ‸v: ‸{schema: CREATE}
              ‸a: {‸stor: sqlite:a.db}
            ‸fleet: h
            state:‸
            """,
            "\"fleet\" is given twice in the fleet file: first at line 1; keep one of the two",
            "\"store\" is given twice in service \"a\": first at line 5",
            "\"a.A\" is given twice in \"when\" of view \"v\" of service \"a\": first at line 12",
            "does not publish \"B\"", "\"v\" is given twice", "has no \"when\"",
            "\"a\" is given twice in \"services\": first at line 4",
            "did you mean \"store\"?", "\"fleet\" is given twice", "\"state\" has no value"
        ).check()
    }

    @Test func anAliasedProblemIsReportedOnce() {
        Marked(
            """
            fleet: f
            services:
              a: {store: sqlite:a.db, publishes: [A], outbox: &box {keep: ‸forever}}
              b: {store: sqlite:b.db, publishes: [A], outbox: *box}
            """, "\"forever\" is no length of time"
        ).check()
    }
}
