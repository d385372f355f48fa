import FleetFile
import Testing

@Suite struct VariableTests {
    private static let environment = [
        "STORE": "sqlite:env.db", "EMPTY": "", "NESTED": "sqlite:${STORE}.db", "NAME": "northwind", "_x1": "x",
        "BAD": "hunter2 hunter2",
    ]

    @Test(arguments: [
        ("${STORE}", "env.db"), ("${NONE:-sqlite:a.db}", "a.db"), ("${EMPTY:-sqlite:a.db}", "a.db"),
        ("${NESTED}", "${STORE}.db"), ("sqlite:$${STORE}.db", "${STORE}.db"), ("sqlite:$a$$b$", "$a$$b$"),
        ("sqlite:${NAME}-${_x1}${EMPTY}.db", "northwind-x.db"), ("sqlite:a${EMPTY:-}.db", "a.db"),
        ("sqlite:$$${NAME}", "$${NAME}"), ("sqlite:a:-b", "a:-b"), ("sqlite:${NONE:-:-}", ":-"),
    ])
    func variablesAreReplaced(written: String, file: String) throws {
        let result = read("fleet: f\nservices: {a: {store: '\(written)'}}", environment: Self.environment)
        let fleet = try #require(result.definition, "\(result.problems)")
        #expect(fleet.services[0].store.text == "/fleets/northwind/" + file)
    }

    @Test(arguments: [
        (
            "\"sqlite:‸${NONE}.db\"",
            "the variable NONE is not set; set NONE in the environment, or give a default: ${NONE:-…}"
        ),
        ("\"sqlite:äö‸${NONE}-‸${NADA}\"", "NONE is not set"), ("'it''s ‸${NONE}'", "NONE is not set"),
        ("\"a\\tb ‸${NONE}\"", "NONE is not set"), ("sqlite\n      a\n      ‸${NONE}", "NONE is not set"),
        ("|\n      sqlite:\n      a ‸${NONE}", "NONE is not set"),
        (">-\n      sqlite:\n      a ‸${NONE}", "NONE is not set"),
        ("&anchor ‸${NONE}", "NONE is not set"), ("!!str &x # comment\n      'a‸${NONE}'", "NONE is not set"),
        ("sqlite:‸${", "has no closing }"), ("sqlite:‸${NONE", "has no closing }"),
        ("sqlite:‸${}", "${} is not a variable"),
        ("sqlite:‸${1a}", "${1a} is not a variable"), ("sqlite:‸${a b}", "is not a variable; write ${NAME}"),
        ("sqlite:‸${A-x}", "is not a variable"), ("\"sqlite:‸${A:-${NAME}}\"", "contains another variable"),
        ("‸${EMPTY}", "the store of service \"a\" is empty"),
    ])
    func whatIsWrongWithAVariable(store: String, part: String) {
        let text = "fleet: f\nservices:\n  a:\n    store: \(store)\n"
        if store.contains("NADA") {
            Marked(text, part, "NADA is not set", environment: Self.environment).check()
        } else {
            Marked(text, part, environment: Self.environment).check()
        }
    }

    @Test(arguments: [
        "fleet: ‸\"${BAD}\"\nservices: {a: {store: sqlite:a.db}}",
        "fleet: f\nbroker: ‸\"${BAD}\"\nservices: {a: {store: sqlite:a.db}}",
        "fleet: f\nservices: {a: {store: ‸\"${BAD}\"}}",
        "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [‸\"${BAD}\"]}}",
        "fleet: f\nbroker: {retain: {age: ‸\"${BAD}\"}}\nservices: {a: {store: sqlite:a.db}}",
        "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], outbox: {capture: ‸\"${BAD}\"}}}",
    ])
    func valuesAreNotShown(text: String) {
        let file = Marked(text, "${BAD}", environment: Self.environment)
        file.check()
        for problem in read(file.text, environment: file.environment).problems {
            #expect(!problem.description.contains("hunter2"))
        }
    }

    @Test func variablesCannotMakeATextWithoutBound() throws {
        let text = "fleet: f\nservices: {a: {store: '" + String(repeating: "${BIG}", count: 10_000) + "'}}"
        let result = read(text, environment: ["BIG": String(repeating: "x", count: 10_000)])
        let problem = try #require(result.problems.first)
        #expect(problem.message == "with its variables the value is longer than 16 KiB")
        #expect(problem.location == Place(file: Marked.path, line: 2, column: 30))
    }

    @Test func theVariableIsNamedWhateverItsName() {
        let text = "fleet: f\nbroker: ‸${DB_PASSWORD}\nservices: {a: {store: ‸\"${DB_PASSWORD:-hunter2}\"}}"
        Marked(text, "no broker \"${DB_PASSWORD}\"", "\"${DB_PASSWORD…\"", environment: ["DB_PASSWORD": "secret"])
            .check()
    }

    @Test func keysAndStatementsAreLeftAlone() throws {
        let text = """
            fleet: f
            services:
              a:
                store: sqlite:a.db
                publishes: [A]
                views: {v: {schema: "CREATE ${STORE}", when: {a.A: "SELECT '${NONE}'"}}}
            """
        let view = try #require(read(text, environment: Self.environment).definition?.services[0].views[0])
        #expect(view.schema.text == "CREATE ${STORE}")
        #expect(view.reactions[0].statements.text == "SELECT '${NONE}'")
        Marked("fleet: f\nservices: {‸\"${NAME}\": {store: sqlite:a.db}}", "is no name", environment: Self.environment)
            .check()
    }
}
