import Browser
import Testing

extension BrowserPage {
    /// What keeps people from using the page with a keyboard, a screen reader or weak eyes: the rules of WCAG 2.2 (AA) that a
    /// program can look at, as axe does.
    func flaws() async throws -> [String] { try await value(Self.rules, as: [String].self) ?? ["nobody looked"] }

    func expectNoFlaws(_ what: String, at location: SourceLocation = #_sourceLocation) async throws {
        for flaw in try await flaws() { Issue.record("\(what): \(flaw)", sourceLocation: location) }
    }

    private static let rules = #"""
        (() => {
          const found = [];
          const tell = (rule, one) => found.push(rule + ': ' + one.outerHTML.slice(0, 160));
          const all = (selector, within = document) => [...within.querySelectorAll(selector)];
          const isShown = one => one.checkVisibility({visibilityProperty: true}) && !one.closest('[aria-hidden=true], .unseen, dialog:not([open])');
          const words = text => (text || '').trim();
          const nameOf = one => words(one.getAttribute('aria-label')) || all('#' + (one.getAttribute('aria-labelledby') || 'none')).map(other => words(other.textContent)).join(' ')
            || [...(one.labels || [])].map(label => words(label.textContent)).join(' ') || words(one.textContent) || all('img[alt]', one).map(image => image.alt).join(' ');

          // Structure.
          if (!document.documentElement.lang) found.push('no language');
          if (!words(document.title)) found.push('no title');
          for (const one of ['header', 'main', 'nav', 'footer', '[aria-live=polite]']) if (!document.querySelector(one)) found.push('no ' + one);
          if (all('main h1').length !== 1) found.push(all('main h1').length + ' headings of the first level');
          let level = 0;
          for (const one of all('main h1, main h2, main h3, main h4')) {
            const own = Number(one.tagName[1]);
            if (own > level + 1) tell('a level of headings is left out', one);
            level = own;
          }
          const ids = all('[id]').map(one => one.id);
          for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) found.push('two have the id ' + id);
          for (const one of all('[aria-labelledby], [aria-describedby], [aria-controls]'))
            for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls'])
              for (const id of words(one.getAttribute(name)).split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) tell(name + ' names nothing', one);
          for (const one of all('ul > :not(li), ol > :not(li), dl > :not(dt):not(dd):not(div)')) tell('no item of a list', one);
          for (const one of all('dl > div')) if (!one.querySelector(':scope > dt') || !one.querySelector(':scope > dd') || one.querySelector(':scope > :not(dt):not(dd)')) tell('no group of a list', one);
          for (const one of all('table')) {
            if (!one.caption || !words(one.caption.textContent)) tell('no caption', one);
            for (const head of all('thead th', one)) if (head.scope !== 'col' || !words(head.textContent)) tell('no head of a column', head);
          }
          for (const one of all('section')) if (!nameOf(one)) tell('no name', one);

          // Names.
          const controls = all('button, a[href], input, select, textarea, summary, [role=button], [tabindex]').filter(isShown);
          for (const one of controls) if (!nameOf(one) && one !== document.querySelector('main')) tell('no name', one);
          for (const one of all('img')) if (!one.hasAttribute('alt')) tell('no text', one);
          for (const one of all('[role=img]')) if (!words(one.getAttribute('aria-label'))) tell('no name', one);
          for (const one of all('svg')) if (isShown(one) && !one.hasAttribute('role') && !one.querySelector('a')) tell('a drawing without a role', one);

          // The keyboard.
          for (const one of all('[tabindex]')) if (one.tabIndex > 0) tell('an order of its own', one);
          for (const one of all('[aria-hidden=true] a, [aria-hidden=true] button, [aria-hidden=true] [tabindex="0"]')) tell('hidden, and can have the focus', one);
          for (const one of all('main *').filter(isShown)) {
            const style = getComputedStyle(one);
            const scrolls = (/auto|scroll/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1) || (/auto|scroll/.test(style.overflowY) && one.scrollHeight > one.clientHeight + 1);
            if (scrolls && one.tabIndex < 0 && !one.querySelector('a[href], button, input, select, [tabindex="0"]')) tell('cannot be scrolled without a pointer', one);
          }
          const before = document.activeElement;
          for (const one of controls.slice(0, 60)) {
            one.focus({preventScroll: true, focusVisible: true});
            if (document.activeElement !== one) continue;
            const style = getComputedStyle(one);
            const inside = one.querySelector('rect') && getComputedStyle(one.querySelector('rect')).stroke;
            if (one !== document.querySelector('main') && (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1) && !inside) tell('the focus is not seen', one);
          }
          if (before && before.focus) before.focus({preventScroll: true});

          // Colours: 4.5 to 1, of large text 3 to 1.
          const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
          canvas.canvas.width = canvas.canvas.height = 1;
          const read = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
          const over = (top, under) => { const share = top[3] / 255; return [0, 1, 2].map(index => top[index] * share + under[index] * (1 - share)); };
          const light = color => { const [r, g, b] = color.map(part => { part /= 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = one => {
            const layers = [];
            for (let at = one; at; at = at.parentElement) {
              const color = read(getComputedStyle(at).backgroundColor);
              layers.push(color);
              if (color[3] === 255) break;
            }
            return layers.reverse().reduce((under, color) => over(color, under), [255, 255, 255]);
          };
          const seen = new Set();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let text = walker.nextNode(); text; text = walker.nextNode()) {
            const one = text.parentElement;
            if (!words(text.data) || !isShown(one) || one.closest('svg, script, style, noscript, option, :disabled')) continue;
            const style = getComputedStyle(one);
            const behind = ground(one), [a, b] = [light(over(read(style.color), behind)), light(behind)];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            const stamp = style.color + behind + isLarge;
            if (ratio < (isLarge ? 3 : 4.5) && !seen.has(stamp)) { seen.add(stamp); tell(`contrast ${ratio.toFixed(2)} of ${style.color} on ${behind.map(Math.round)}`, one); }
          }
          for (const text of all('svg text').filter(isShown)) {
            const behind = ground(text.closest('svg').parentElement), fill = read(getComputedStyle(text).fill);
            const [a, b] = [light(over(fill, behind)), light(behind)];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), stamp = 'svg' + fill + behind;
            if (ratio < 4.5 && !seen.has(stamp)) { seen.add(stamp); tell(`contrast ${ratio.toFixed(2)} of ${fill} on ${behind.map(Math.round)}`, text); }
          }

          // Fingers: 24 pixels, but for what stands in a line of text or a table.
          if (innerWidth < 600) for (const one of controls) {
            const box = one.getBoundingClientRect();
            if (!one.closest('td, th, p, li, dd, svg, .skip') && one.tagName !== 'MAIN' && one.tagName !== 'OL' && box.width > 0 && (box.height < 24 || box.width < 24)) tell(`${box.width.toFixed(0)} × ${box.height.toFixed(0)} is small for a finger`, one);
          }
          if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.push('wider than the screen by ' + (document.documentElement.scrollWidth - document.documentElement.clientWidth));
          return found;
        })()
        """#

    /// Goes to an address of the page, and waits until it is drawn.
    func go(to hash: String, _ isDrawn: String = "true") async throws {
        _ = try await value("(location.hash = '\(hash)', true)", as: Bool.self)
        try await wait(
            "\(hash) is drawn",
            "location.hash === '\(hash)' && document.querySelector('main h1') && !document.querySelector('main').innerText.includes('Asking') && (\(isDrawn))"
        )
    }
}
