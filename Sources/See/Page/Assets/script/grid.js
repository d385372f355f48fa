// Tables that are kept up to date in their place.

/**
 * A table whose rows are changed in their place, so that focus and selection stay.
 * Columns: {head, class, text(item)} or {head, class, stamp(item), draw(item)}: drawn anew where the stamp is another one.
 */
const widths = new ResizeObserver(entries => {
  for (const {target} of entries) {
    const box = target.closest('.scroll');
    if (!box) continue;
    // What is wider than its place can be reached with the keyboard.
    const isWide = box.scrollWidth > box.clientWidth;
    mark(box, 'tabindex', isWide ? 0 : null);
    mark(box, 'role', isWide ? 'region' : null);
    mark(box, 'aria-label', isWide ? box.dataset.name + ', may be scrolled' : null);
  }
});

class Grid {
  constructor(caption, columns, options) {
    this.columns = columns;
    this.options = options || {};
    this.rows = new Map();
    this.body = h('tbody');
    this.table = h('table', {class: this.options.class},
      h('caption', {class: 'unseen'}, caption),
      h('thead', {}, h('tr', {}, columns.map(column => h('th', {scope: 'col', class: column.class, title: column.hint}, column.unseen ? h('span', {class: 'unseen'}, column.head) : column.head)))),
      this.body);
    this.empty = h('p', {class: 'faint body small', hidden: true}, this.options.empty || 'nothing');
    this.element = h('div', {class: 'scroll', 'data-name': caption}, this.table, this.empty);
    widths.observe(this.element);
    widths.observe(this.table);
  }

  update(items, key, level) {
    const seen = new Set();
    let before = null;
    for (const item of items) {
      const id = key(item);
      if (seen.has(id)) continue;
      seen.add(id);
      let row = this.rows.get(id);
      if (!row) {
        row = {element: h('tr'), stamps: []};
        row.cells = this.columns.map((column, index) => h(column.isName ? 'th' : 'td', {class: column.class, scope: column.isName ? 'row' : null}));
        row.element.append(...row.cells);
        this.rows.set(id, row);
      }
      const now = level ? level(item) : null;
      mark(row.element, 'data-level', now && now !== 'good' ? now : null);
      this.columns.forEach((column, index) => {
        if (column.text) return set(row.cells[index], String(column.text(item)));
        const stamp = column.stamp(item);
        if (row.stamps[index] === stamp) return;
        row.stamps[index] = stamp;
        row.cells[index].replaceChildren(...[column.draw(item)].flat().filter(Boolean));
      });
      const next = before ? before.nextSibling : this.body.firstChild;
      if (next !== row.element) this.body.insertBefore(row.element, next);
      before = row.element;
    }
    for (const [id, row] of this.rows) if (!seen.has(id)) { row.element.remove(); this.rows.delete(id); }
    this.empty.hidden = items.length > 0;
    this.table.hidden = items.length === 0;
  }
}

/** Why something is not well, where there is no room for a column of it. */
function narrowWhy(text) { return text ? h('div', {class: 'sub only-narrow'}, text) : ''; }

const stateColumn = {head: 'State', unseen: true, class: 'state', stamp: row => row.level, draw: row => sign(row.level)};
const whyColumn = {head: 'Why', class: 'why', stamp: row => (row.why || []).join('\n'), draw: row => h('div', {title: (row.why || []).join('\n')}, (row.why || []).join(' · '))};

function panel(title, ...content) { return h('section', {class: 'panel', 'aria-label': title}, h('div', {class: 'top'}, h('h2', {}, title)), ...content); }

const filterHint = () => hasKeys ? 'Filter  /' : 'Filter';
function filterField(what, changed) {
  return h('input', {type: 'search', placeholder: filterHint(), 'aria-label': 'Filter ' + what, oninput: event => changed(event.target.value.toLowerCase())});
}
