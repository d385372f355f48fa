/// How the page looks, by day and by night, on a desk and on a phone.
enum PageStyle {
    static let text = """
        :root { --page: #fcfcfb; --ink: #1d1d1f; --quiet: #6b6b70; --rule: #e2e2e0; --area: #2b6cb0; --fault: #d97706;
          --kept: #15803d; --broken: #b91c1c; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #17181a; --ink: #ececec; --quiet: #9a9aa0; --rule: #333539; --area: #63a4e8; --fault: #f0a840;
            --kept: #4ade80; --broken: #f87171; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
        h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
        header { border-left: .3rem solid; padding-left: 1rem; }
        header.kept { border-color: var(--kept); } header.broken { border-color: var(--broken); }
        header p { margin: 0; color: var(--quiet); }
        code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--rule); }
        th { font-weight: 500; color: var(--quiet); }
        .number { font-variant-numeric: tabular-nums; white-space: nowrap; }
        .wide { overflow-x: auto; }
        .findings li { margin-bottom: .5rem; overflow-wrap: anywhere; } .findings ul { color: var(--quiet); font-size: .85rem; }
        figure { margin: 0; } figcaption { color: var(--quiet); font-size: .85rem; margin-bottom: .5rem; }
        svg { display: block; width: 100%; min-width: 36rem; height: auto; font: 11px system-ui, sans-serif; }
        svg .band { fill: var(--fault); opacity: .22; } svg .bar { fill: var(--fault); }
        svg .area { fill: var(--area); opacity: .35; } svg .line { fill: none; stroke: var(--area); stroke-width: 1.2; }
        svg .axis { stroke: var(--rule); } svg text { fill: var(--ink); } svg .quiet { fill: var(--quiet); }
        """
}
