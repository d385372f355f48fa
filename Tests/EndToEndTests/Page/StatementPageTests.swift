#if Postgres
    import Browser
    import Foundation
    import TestKit
    import Testing

    /// What a server runs that takes the most time, on its store's page.
    @Suite(.lanes, .enabled(if: Browser.isInstalled)) struct StatementPageTests {
        @Test(arguments: [(1280, 800), (390, 844)])
        func theStoresPageHasTheTopStatements(_ width: Int, _ height: Int) async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            try server.psql(database, "CREATE EXTENSION pg_stat_statements")
            let fleet = try FleetDirectory(
                """
                fleet: shop
                page: "127.0.0.1:0"
                services:
                  shop: {store: {url: "\(server.url(database))", schema: shop}}
                  files: {store: "sqlite:files.db"}
                """)
            #expect(try await fleet.flotilla("apply").ended(0))
            try server.psql(database, "SELECT pg_sleep(0.4), '<b>zqsecret</b>' AS \"<i>name</i>\"")
            let run = try await RunningPage(fleet)
            let browser = try Browser()
            let page = try await BrowserPage(browser, width: width, height: height)
            try await page.open(run.url + "/#/store/shop")
            let panel = "document.querySelector('section[aria-label=\"Top statements\"]')"
            try await page.wait("the statement is shown, as text", "\(panel)?.textContent.includes('\"<i>name</i>\"')")
            let text = try await page.value("\(panel).textContent", as: String.self)
            #expect(text?.contains("pg_sleep($1)") == true && text?.contains("zqsecret") == false, "\(text ?? "")")
            let wide = try await page.value(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth", as: Int.self)
            #expect((wide ?? 1) <= 0, "\(wide ?? -1) wider than \(width)")
            // A store that has no server runs none.
            _ = try await page.value("(location.hash = '#/store/files', true)", as: Bool.self)
            try await page.wait(
                "the other store is shown", "document.querySelector('main h1')?.textContent.includes('files')")
            #expect(try await page.value("\(panel).hidden", as: Bool.self) == true)
            #expect(page.complaints.isEmpty, "\(page.complaints)")
            try await run.stop()
        }

        @Test func itLeadsToTheTracesOfWhomItIsRunFor() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            try server.psql(database, "CREATE EXTENSION pg_stat_statements")
            let store = "{url: \"\(server.url(database))\", schema: reports}"
            let fleet = try FleetDirectory(
                """
                fleet: shop
                page: "127.0.0.1:0"
                telemetry: {sampling: {wait: 1s, share: 1}}
                services:
                  shop: {store: "sqlite:shop.db", publishes: [Sold]}
                  reports:
                    store: \(store)
                    views:
                      sales:
                        schema: CREATE TABLE sales (id text PRIMARY KEY, amount int, state text);
                        when:
                          shop.Sold: |
                            -- A comment, which the server does not keep.
                            INSERT INTO sales
                              SELECT :id, :data.amount, 'it''s new' FROM pg_sleep(0.3);
                """)
            #expect(try await fleet.flotilla("apply").ended(0))
            #expect(
                try await fleet.flotilla("publish", "shop", "Sold", "--key", "K", "--data", "{\"amount\": 3}").ended(0))
            let run = try await RunningPage(fleet)
            let browser = try Browser()
            let page = try await BrowserPage(browser, width: 1280, height: 800)
            try await page.open(run.url + "/#/store/reports/latency")
            let row =
                "[...document.querySelectorAll('section[aria-label=\"Top statements\"] tbody tr')]"
                + ".find(row => row.textContent.includes('INSERT INTO sales'))"
            try await page.wait(
                "it says whom it is run for",
                "\(row)?.querySelector('a[href*=\"/reader/\"]')?.textContent === 'reports.sales'")
            _ = try await page.value("(\(row).querySelector('a[href*=\"/traces/\"]').click(), true)", as: Bool.self)
            try await page.wait(
                "its traces",
                "document.querySelector('main h1')?.textContent === 'Traces of reports.sales'"
                    + " && document.querySelectorAll('main tbody tr').length === 1")
            _ = try await page.value("(document.querySelector('main tbody th a').click(), true)", as: Bool.self)
            try await page.wait(
                "one of them",
                "[...document.querySelectorAll('section[aria-label=Spans] tbody th')].map(one => one.textContent).join()"
                    + " === 'append shop-shop,apply shop-shop'")
            #expect(page.complaints.isEmpty, "\(page.complaints)")
            try await run.stop()
        }
    }
#endif
