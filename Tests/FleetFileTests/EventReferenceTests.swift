import FleetFile
import Testing

@Suite struct EventReferenceTests {
    private static func fleet(_ references: String) -> String {
        """
        fleet: f
        services:
          customers:
            store: sqlite:customers.db
            publishes: [CustomerRegistered, Customer.Renamed]
          stock:
            store: sqlite:stock.db
            publishes: ["*"]
          silent:
            store: sqlite:silent.db
            views:
              v:
                schema: CREATE TABLE t (x)
                when:
                  \(references)
        """
    }

    @Test func referencesSplitAtTheFirstDot() throws {
        let text = Self.fleet("{customers.Customer.Renamed: SELECT 1, stock.Any.thing: SELECT 2}")
        let fleet = try #require(read(text).definition)
        let reactions = fleet.services[2].views[0].reactions
        #expect(reactions.map { "\($0.service)/\($0.type)" } == ["customers/Customer.Renamed", "stock/Any.thing"])
        #expect(reactions[0].location == Place(file: Marked.path, line: 15, column: 12))
    }

    @Test(arguments: [
        (
            "‸CustomerRegistered: SELECT 1",
            "\"CustomerRegistered\" names no service; write customers.CustomerRegistered"
        ),
        ("‸Nothing: SELECT 1", "\"Nothing\" names no service; write service.Type"),
        ("‸customer.CustomerRegistered: SELECT 1", "there is no service \"customer\"; did you mean \"customers\"?"),
        ("‸billing.Paid: SELECT 1", "there is no service \"billing\"; services are customers, silent, stock"),
        (
            "‸customers.CustomerRenamed: SELECT 1",
            "does not publish \"CustomerRenamed\"; did you mean \"Customer.Renamed\"?"
        ),
        ("‸customers.Whatever: SELECT 1", "does not publish \"Whatever\"; list it under its publishes"),
        ("‸silent.Said: SELECT 1", "service \"silent\" publishes nothing; list \"Said\" under its publishes"),
        ("‸stock.: SELECT 1", "\"\" is no name for an event"),
        ("‸.Said: SELECT 1", "there is no service \"\""),
        ("stock.A:‸", "has no value"),
        ("stock.A: ‸\" \"", "has no SQL"),
        ("stock.A: ‸\"SELECT \\0\"", "contains a NUL"),
        ("stock.A: ‸[SELECT 1]", "must be a text, but is a list"),
        ("‸{}", "\"when\" of view \"v\" of service \"silent\" is empty"),
        ("‸[stock.A]", "must be a mapping, but is a list"),
    ])
    func references(reference: String, part: String) {
        Marked(Self.fleet(reference), part).check()
    }

    @Test(arguments: [
        ("[A, ‸\"*\"]", "\"*\" publishes every event, and stands beside others"),
        ("[A, B, ‸A]", "\"A\" is published twice: first at line 2"),
        ("‸A", "\"publishes\" must be a list, but is a text; write [Type"),
        ("[‸[A]]", "must be a text, but is a list"),
        ("‸", "\"publishes\" has no value"),
    ])
    func publishes(list: String, part: String) {
        Marked("fleet: f\nservices: {a: {store: sqlite:a.db, publishes: \(list)}}", part).check()
    }

    @Test func whatCannotBeReadIsNotBlamedTwice() {
        let file = """
            fleet: f
            services:
              a: {store: sqlite:a.db, publishes: [‸1st]}
              ‸B: {store: sqlite:b.db, publishes: [Said]}
              c: {store: sqlite:c.db, views: {v: {schema: S, when: {a.first: S, B.Said: S}}}}
            """
        Marked(file, "\"1st\" is no name", "\"B\" is no name").check()
    }

    @Test(arguments: [
        ("when: {a.A: S}", "has no \"schema\""), ("schema: S", "has no \"when\""),
    ])
    func viewsAreComplete(keys: String, part: String) {
        Marked("fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], views: {v: ‸{\(keys)}}}}", part).check()
    }
}
