'use strict';
// The operators' page. All that comes from the fleet is shown as text: nothing here makes HTML of it.

const main = document.getElementById('main');
const pageToken = document.querySelector('meta[name=page-token]').content;
let fleet = null; // the last overview
let page = null; // {name, id, update()}
let source = null; // where events come from
let heard = 0;

// ---------------------------------------------------------------- elements

/** An element: `h('td', {class: 'n'}, 'text', child)`. */
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ''));
  return element;
}

/** The same of a drawing. */
function s(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes || {})) if (value !== undefined && value !== null) element.setAttribute(key, value);
  element.append(...children.flat());
  return element;
}

function set(element, text) { if (element.textContent !== text) element.textContent = text; }
function mark(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
function say(text) { document.getElementById('said').textContent = text; }

// ---------------------------------------------------------------- words and numbers

const levels = {
  good: {sign: '●', word: 'well'}, warning: {sign: '▲', word: 'warning'},
  bad: {sign: '■', word: 'bad'}, paused: {sign: '‖', word: 'paused'},
};
const ranks = {good: 0, paused: 1, warning: 2, bad: 3};
const known = value => value !== undefined && value !== null;
const few = number => number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1).replace(/\.0$/, '') : number.toFixed(2).replace(/\.?0+$/, '');
const spaced = number => String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

function seconds(value) {
  if (!known(value)) return '–';
  if (value === 0) return '0 s';
  if (value < 0.001) return few(value * 1e6) + ' µs';
  if (value < 1) return few(value * 1000) + ' ms';
  if (value < 120) return few(value) + ' s';
  if (value < 7200) return few(value / 60) + ' min';
  if (value < 172800) return few(value / 3600) + ' h';
  return few(value / 86400) + ' d';
}
function bytes(value) {
  if (!known(value)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < 4) { value /= 1024; unit += 1; }
  return few(value) + ' ' + units[unit];
}
function count(value) {
  if (!known(value)) return '–';
  if (value >= 1e9) return few(value / 1e9) + ' G';
  if (value >= 1e7) return few(value / 1e6) + ' M';
  return spaced(value);
}
function rate(value) { return !known(value) ? '–' : value >= 1000 ? spaced(value) : value === 0 ? '0' : value < 0.01 ? '<0.01' : few(value); }
function percent(value) { return known(value) ? few(value * 100) + ' %' : '–'; }
function amount(value, unit) {
  return unit === 'seconds' ? seconds(value) : unit === 'bytes' ? bytes(value) : unit === 'times' ? few(value) + '×' : count(value);
}
const two = number => String(number).padStart(2, '0');
function clock(at) { const date = new Date(at * 1000); return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`; }
function when(text) {
  if (!text) return '–';
  const date = new Date(text);
  return isNaN(date) ? text : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date / 1000)}`;
}
function ago(text) { return text ? seconds(Math.max(0, Date.now() / 1000 - new Date(text) / 1000)) + ' ago' : ''; }

const path = (...parts) => '#/' + parts.map(encodeURIComponent).join('/');
const link = (text, ...parts) => h('a', {href: path(...parts)}, text);
function sign(level) {
  return h('span', {class: 'sign', 'data-level': level, role: 'img', 'aria-label': levels[level].word, title: levels[level].word}, levels[level].sign);
}

// ---------------------------------------------------------------- tables that are kept up to date

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

const stateColumn = {head: 'State', unseen: true, class: 'state', stamp: row => row.level, draw: row => sign(row.level)};
const whyColumn = {head: 'Why', class: 'why', stamp: row => (row.why || []).join('\n'), draw: row => h('div', {title: (row.why || []).join('\n')}, (row.why || []).join(' · '))};

function panel(title, ...content) { return h('section', {class: 'panel', 'aria-label': title}, h('div', {class: 'top'}, h('h2', {}, title)), ...content); }

function filterField(what, changed) {
  return h('input', {type: 'search', placeholder: 'Filter  /', 'aria-label': 'Filter ' + what, oninput: event => changed(event.target.value.toLowerCase())});
}

// ---------------------------------------------------------------- drawings

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';

function line(values, width, height, top) {
  let text = '', pen = 'M';
  values.forEach((value, index) => {
    if (!known(value)) { pen = 'M'; return; }
    const x = values.length > 1 ? index / (values.length - 1) * width : 0;
    text += `${pen}${x.toFixed(1)} ${(height - (top > 0 ? Math.min(1, value / top) : 0) * (height - 3) - 1.5).toFixed(1)}`;
    pen = 'L';
  });
  return text;
}

function sparkline(spark) {
  if (!spark) return h('span', {class: 'faint'}, '–');
  const read = text => [...text].map(digit => digit === '.' ? null : digits.indexOf(digit));
  const [low, high] = [read(spark.low), read(spark.high)];
  return s('svg', {class: 'spark', viewBox: '0 0 128 24', role: 'img', 'aria-label': `p50 and p99 of the last hour, at most ${seconds(spark.top)}`, preserveAspectRatio: 'none'},
    s('path', {class: 'low', d: line(low, 128, 24, 63)}), s('path', {class: 'high', d: line(high, 128, 24, 63)}));
}

function bar(share) {
  const level = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warning' : 'good';
  const inner = h('i');
  inner.style.width = Math.min(100, share * 100) + '%';
  return h('span', {class: 'bar', 'data-level': level, 'aria-hidden': 'true'}, inner);
}

/** One or two lines over time, with what they are at the pointer. */
function chart(title, data, lines, text) {
  const [width, height] = [400, 92];
  const at = data.at;
  const values = lines.flatMap(one => data.fields[one.field] || []).filter(value => value !== null);
  const last = lines.map(one => (data.fields[one.field] || []).at(-1));
  const figure = s('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', preserveAspectRatio: 'none'});
  const value = h('span', {}, values.length ? last.map(text).join(' / ') : '–');
  const most = h('span', {class: 'most', 'aria-hidden': 'true'}), begin = h('span'), end = h('span', {}, 'now');
  const frame = h('div', {class: 'chart'}, h('h3', {}, title, value), most, figure, h('div', {class: 'ends', 'aria-hidden': 'true'}, begin, end));
  const whole = data.step * (data.step === 10 ? 360 : 720);
  const now = Math.floor(fleet ? fleet.at : Date.now() / 1000);
  // A short past fills the whole width.
  const span = at.length ? Math.min(whole, Math.max(data.step * 18, now - at[0])) : whole;
  set(begin, clock(now - span).slice(0, 5));
  if (!values.length) {
    figure.setAttribute('aria-label', title + ': nothing was measured yet');
    set(most, 'nothing was measured yet');
    return frame;
  }
  const top = Math.max(...values) || 1;
  set(most, text(Math.max(...values)));
  figure.setAttribute('aria-label', `${title}: now ${last.map(text).join(' and ')}, at most ${text(Math.max(...values))} in the time shown`);
  const place = moment => width - (now - moment) / span * width;
  const level = number => (height - 2 - number / top * (height - 18)).toFixed(1);
  for (const one of lines) {
    const runs = [[]];
    (data.fields[one.field] || []).forEach((number, index) => {
      const run = runs.at(-1), before = run.at(-1);
      if (number === null) { if (run.length) runs.push([]); return; }
      if (before && at[index] - before[0] > data.step * 3) runs.push([]);
      runs.at(-1).push([at[index], number]);
    });
    for (const run of runs.filter(run => run.length)) {
      const d = run.map(([moment, number]) => `${place(moment).toFixed(1)} ${level(number)}`).join('L');
      if (one.class === 'high') figure.append(s('path', {class: 'area', d: `M${place(run[0][0]).toFixed(1)} ${height}L${d}L${place(run.at(-1)[0]).toFixed(1)} ${height}Z`}));
      figure.append(s('path', {class: one.class, d: `M${d}${run.length === 1 ? 'h1' : ''}`, 'vector-effect': 'non-scaling-stroke'}));
    }
  }
  const cursor = s('line', {class: 'cursor', y1: 0, y2: height, visibility: 'hidden', 'vector-effect': 'non-scaling-stroke'});
  figure.append(cursor);
  figure.addEventListener('pointermove', event => {
    const box = figure.getBoundingClientRect();
    const moment = now - (1 - (event.clientX - box.left) / box.width) * span;
    let nearest = 0;
    at.forEach((one, index) => { if (Math.abs(one - moment) < Math.abs(at[nearest] - moment)) nearest = index; });
    mark(cursor, 'x1', place(at[nearest]));
    mark(cursor, 'x2', place(at[nearest]));
    mark(cursor, 'visibility', 'visible');
    set(value, `${clock(at[nearest])}  ${lines.map(one => text(data.fields[one.field][nearest])).join(' / ')}`);
  });
  figure.addEventListener('pointerleave', () => { mark(cursor, 'visibility', 'hidden'); set(value, last.map(text).join(' / ')); });
  return frame;
}

/** The charts of something, of the last hour or the last day. */
function charts(name, kinds) {
  let span = 'hour', timer = null;
  const area = h('div', {class: 'charts body'}, h('p', {class: 'faint'}, 'Asking …'));
  const buttons = ['hour', 'day'].map(one => h('button', {class: 'quiet', 'aria-pressed': String(one === span), onclick: () => {
    span = one;
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(['hour', 'day'][index] === span)));
    load();
  }}, one === 'hour' ? 'Last hour' : 'Last 24 hours'));
  async function load() {
    try {
      const data = await ask(`/api/history?of=${encodeURIComponent(name)}&span=${span}`);
      if (!area.isConnected && timer) return;
      area.replaceChildren(...kinds.map(kind => chart(kind.title, data, kind.lines, kind.text)));
    } catch (error) { area.replaceChildren(h('p', {class: 'trouble'}, error.message)); }
  }
  load();
  timer = setInterval(() => { if (!area.isConnected) clearInterval(timer); else if (!area.matches(':hover')) load(); }, 10000);
  return h('section', {class: 'panel', 'aria-label': 'History'}, h('div', {class: 'top'}, h('h2', {}, 'History'), h('span', {class: 'spring'}), h('span', {class: 'group'}, buttons)), area);
}

// ---------------------------------------------------------------- asking

async function ask(url, body) {
  const options = body === undefined ? {} : {method: 'POST', body: JSON.stringify(body), headers: {'content-type': 'application/json', 'x-flotilla-page': pageToken}};
  const answer = await fetch(url, options);
  if (answer.status === 401) { location.reload(); throw new Error('sign in again'); }
  const text = await answer.text();
  let value = null;
  try { value = JSON.parse(text); } catch (error) { value = {error: text.trim() || answer.statusText}; }
  if (!answer.ok) throw new Error(value.error + (value.remedy ? '; ' + value.remedy : ''));
  return value;
}

function live(state, text) {
  mark(document.getElementById('live'), 'data-state', state);
  set(document.getElementById('live-text'), text);
}

function listen() {
  if (source) source.close();
  source = new EventSource('/api/stream');
  source.addEventListener('overview', event => { heard = Date.now(); live('live', 'live'); take(JSON.parse(event.data)); });
  source.onerror = () => {
    live('lost', 'no answer; trying again');
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) ask('/api/overview').then(take).then(listen, listen); }, 3000);
  };
}

// A page that nobody sees asks for nothing: browsers have few connections to one host.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { if (source) source.close(); source = null; live('wait', 'resting'); } else listen();
});
setInterval(() => { if (source && heard && Date.now() - heard > 30000) live('lost', `nothing heard for ${seconds((Date.now() - heard) / 1000)}`); }, 2000);

function worst(overview) {
  const rows = [...overview.stores, ...overview.streams, ...overview.readers, ...overview.sagas, ...overview.flows, ...overview.bombs];
  const level = rows.reduce((level, row) => ranks[row.level] > ranks[level] ? row.level : level, overview.troubles.length ? 'bad' : 'good');
  return (overview.objectives || []).some(one => one.state === 'breached') ? 'bad' : level;
}

function take(overview) {
  const before = fleet && worst(fleet);
  fleet = overview;
  const level = worst(overview);
  const pill = document.getElementById('health');
  const bad = overview.stores.filter(row => row.level === 'bad').length, warned = overview.stores.filter(row => row.level === 'warning').length;
  const spent = (overview.objectives || []).filter(one => one.state === 'breached').length;
  const word = !overview.isCarried ? 'not carried here' : level === 'good' ? 'all is well'
    : level === 'paused' ? 'well, and partly paused' : [spent && `${spent} in breach`, bad && `${bad} bad`, warned && `${warned} with warnings`].filter(Boolean).join(', ') || (level === 'bad' ? 'not ready' : 'warnings');
  set(pill, (levels[overview.isCarried ? level : 'paused'].sign) + ' ' + word);
  mark(pill, 'data-level', overview.isCarried ? level : 'paused');
  set(document.getElementById('fleet'), overview.fleet);
  const parked = [...overview.streams, ...overview.readers].reduce((sum, row) => sum + row.parked, 0);
  const badge = document.getElementById('nav-parked');
  badge.hidden = parked === 0;
  set(badge, String(parked));
  document.getElementById('nav-sagas').hidden = overview.sagas.length === 0;
  document.getElementById('nav-flows').hidden = overview.flows.length === 0;
  set(document.getElementById('footer'), `flotilla ${overview.version} · broker ${overview.broker} · ${overview.carrier || ''} · as of ${clock(overview.at)}`);
  document.title = (level === 'bad' ? '■ ' : level === 'warning' ? '▲ ' : '') + overview.fleet + ' · flotilla';
  if (before && before !== level) say(`The fleet is now ${word}.`);
  if (page && page.update) page.update(overview);
}

// ---------------------------------------------------------------- the overview

const overviewPage = () => {
  const notice = h('div', {class: 'notice', role: 'alert', hidden: true});
  const strip = h('dl', {class: 'strip', 'aria-label': 'How late things are'});
  const cells = new Map();
  let filter = '';
  const storeCount = h('span', {class: 'faint small'});
  const hasObjectives = (fleet.objectives || []).length > 0;
  const stores = new Grid('Stores, the worst first', [
    stateColumn,
    {head: 'Store', isName: true, class: 'name', stamp: row => row.name + row.role, draw: row => [link(row.name, 'store', row.name), h('div', {class: 'sub'}, row.role)]},
    {head: 'Engine', class: 'narrow-off dim', text: row => row.engine === 'postgresql' ? 'PostgreSQL' : row.engine === 'sqlite' ? 'SQLite' : row.engine},
    ...(hasObjectives ? [{head: 'Budget left', class: 'narrow-off nw', hint: 'The least of its objectives, with the four burn lights', stamp: row => JSON.stringify(objectivesOf(row.name)), draw: row => budget(objectivesOf(row.name))}] : []),
    {head: 'Latency', class: 'narrow-off', hint: 'The last hour at most: p50 and p99 of Flotilla\u2019s transactions there', stamp: row => row.spark ? row.spark.low + row.spark.high + row.spark.top : '', draw: row => sparkline(row.spark)},
    {head: 'p50 / p99', class: 'n', hint: 'Leads to what takes the time', stamp: row => `${row.p50} ${row.p99}`, draw: row => known(row.p50) ? link(`${seconds(row.p50)} / ${seconds(row.p99)}`, 'store', row.name, 'latency') : h('span', {}, '–')},
    {head: 'Operations/s', class: 'n', hint: 'Transactions of all who use the store where its server counts them, else Flotilla\u2019s own', text: row => rate(row.operations)},
    {head: 'Errors/min', class: 'n narrow-off', text: row => rate(row.errors)},
    {head: 'Saturation', class: 'n narrow-off', stamp: row => `${row.saturation} ${row.saturationOf}`, draw: row => known(row.saturation) ? h('span', {title: row.saturationOf}, percent(row.saturation), bar(row.saturation)) : h('span', {class: 'faint'}, '–')},
    {...whyColumn, class: 'why wide'},
  ], {empty: 'no store of this name'});
  const storePanel = h('section', {class: 'panel', 'aria-label': 'Stores'},
    h('div', {class: 'top'}, h('h2', {}, 'Stores'), storeCount, h('span', {class: 'spring'}), filterField('stores', text => { filter = text; page.update(fleet); })), stores.element);
  const bombs = new Grid('What will break if nobody does anything', [
    stateColumn,
    {head: 'What', isName: true, class: 'name', text: row => row.what},
    {head: 'Where', text: row => row.of},
    {head: 'Now', class: 'n', text: row => amount(row.value, row.unit)},
    {head: 'Of', class: 'n', text: row => known(row.limit) ? percent(row.value / row.limit) : '–'},
    {head: 'Cure', class: 'dim wide', text: row => row.level === 'good' ? '' : row.cure},
  ], {empty: 'Nothing that is known grows towards a limit.'});
  const axis = h('div', {class: 'body'});
  const moments = h('ol', {class: 'moments', tabindex: '0', 'aria-label': 'What happened, the youngest first'});
  const carried = h('div');
  const objectives = hasObjectives ? objectivePanel() : null;
  main.replaceChildren(h('h1', {class: 'unseen'}, 'Overview'), notice, strip, ...(objectives ? [objectives.element] : []), storePanel,
    h('div', {class: 'columns'}, panel('Time bombs', bombs.element), panel('What happened in 24 hours', axis, moments)));
  let drawn = '';
  return {update(overview) {
    const troubles = overview.troubles.map(one => `${one.part}: ${one.reason}`);
    if (!overview.isCarried && overview.carrier) troubles.unshift(overview.carrier);
    const stamp = troubles.join('\n');
    if (notice.dataset.stamp !== stamp) {
      notice.dataset.stamp = stamp;
      notice.hidden = troubles.length === 0;
      notice.replaceChildren(h('b', {}, overview.isCarried ? 'The fleet is not ready' : 'This process does not carry the fleet'), h('ul', {}, troubles.slice(0, 8).map(text => h('li', {}, text)), troubles.length > 8 ? h('li', {}, `and ${troubles.length - 8} more`) : null));
    }
    for (const lag of [...headline(overview), ...overview.strip]) {
      let cell = cells.get(lag.what);
      if (!cell) {
        const value = lag.href || leads[lag.what] ? h('a', {href: lag.href || leads[lag.what]}) : h('span');
        cell = {box: h('div'), sign: h('span', {class: 'sign'}), value, of: h('dd', {class: 'of'})};
        cell.box.append(h('dt', {}, lag.what, cell.sign), h('dd', {}, value), cell.of);
        cells.set(lag.what, cell);
        strip.append(cell.box);
      }
      if (lag.href) mark(cell.value, 'href', lag.href);
      mark(cell.box, 'data-level', lag.level === 'good' ? null : lag.level);
      set(cell.sign, lag.level === 'good' ? '' : levels[lag.level].sign);
      mark(cell.sign, 'aria-label', lag.level === 'good' ? null : levels[lag.level].word);
      mark(cell.sign, 'data-level', lag.level);
      mark(cell.sign, 'role', lag.level === 'good' ? null : 'img');
      set(cell.value, amount(lag.value, lag.unit));
      const says = lag.value || (known(lag.value) && lag.level !== 'good');
      mark(cell.value, 'class', says ? null : 'nil');
      set(cell.of, says ? lag.of || '' : '');
    }
    const rows = overview.stores.filter(row => !filter || row.name.toLowerCase().includes(filter) || row.level.includes(filter));
    stores.update(rows, row => row.name, row => row.level);
    const well = overview.stores.filter(row => row.level === 'good').length;
    set(storeCount, `${well} of ${overview.stores.length} well${filter ? `, ${rows.length} shown` : ''}`);
    bombs.update(overview.bombs, row => row.what + row.of, row => row.level);
    if (objectives) objectives.update(overview);
    const story = JSON.stringify(overview.moments) + Math.floor(overview.at / 60) + axis.clientWidth;
    if (story === drawn) return;
    drawn = story;
    axis.replaceChildren(timeline(overview, Math.min(600, Math.max(280, axis.clientWidth - 28 || 600))));
    moments.replaceChildren(...(overview.moments.length ? overview.moments.slice().reverse().map(moment => h('li', {}, h('time', {class: 'dim', datetime: new Date(moment.at * 1000).toISOString()}, clock(moment.at)), h('span', {class: 'faint'}, moment.kind), h('span', {class: 'text'}, (moment.subject && !moment.text.includes(moment.subject) ? moment.subject + ': ' : '') + moment.text))) : [h('li', {class: 'faint'}, 'nothing')]));
  }};
};

/** Where what the strip tells of is shown whole. */
const leads = {'outbox age': '#/streams', 'delivery lag': '#/streams', 'end to end p99': '#/streams', 'parked events': '#/parked', 'stuck sagas': '#/sagas'};

/** What an operator looks at first: what is in breach, what will be next, and what is unusual. */
function headline(overview) {
  const breached = one => objectivesOf(one.name).some(objective => objective.state === 'breached');
  const stores = overview.stores.filter(one => one.level === 'bad' || breached(one));
  const cells = [{what: 'stores in breach', value: stores.length, unit: 'things', level: stores.length ? 'bad' : 'good', of: stores.map(one => one.name).join(', '), href: stores.length ? path('store', stores[0].name) : '#/'}];
  const burner = fastestBurner(overview);
  if (burner) {
    const level = objectiveLevel(burner.one);
    cells.push({what: 'fastest burner', value: burner.burn, unit: 'times', level, of: burner.one.name},
      {what: 'budget exhausted in', value: known(burner.one.hours_to_exhaustion) ? burner.one.hours_to_exhaustion * 3600 : null, unit: 'seconds', level, of: burner.one.name});
  }
  const anomalies = overview.anomalies || [];
  cells.push({what: 'open anomalies', value: anomalies.length, unit: 'things', level: anomalies.length ? 'warning' : 'good', of: anomalies.map(one => one.of).join(', ')});
  return cells;
}

function timeline(overview, width) {
  const begin = overview.at - 86400;
  const drawing = s('svg', {class: 'axis-strip', viewBox: `0 0 ${width} 46`, role: 'img', 'aria-label': `${overview.moments.length} events in 24 hours; they are listed below`, preserveAspectRatio: 'none'});
  drawing.setAttribute('preserveAspectRatio', 'xMidYMid meet');
  drawing.append(s('line', {x1: 0, x2: width, y1: 26, y2: 26}));
  const first = new Date(begin * 1000);
  first.setMinutes(0, 0, 0);
  for (let hour = 1; hour <= 24; hour += 1) {
    const at = first / 1000 + hour * 3600, date = new Date(at * 1000);
    const x = (at - begin) / 86400 * width;
    if (date.getHours() % 4 || at > overview.at || x < 14 || x > width - 14) continue;
    drawing.append(s('line', {x1: x, x2: x, y1: 26, y2: 31}), s('text', {x, y: 42, 'text-anchor': 'middle'}, two(date.getHours()) + ':00'));
  }
  for (const moment of overview.moments) {
    const x = Math.max(3, Math.min(width - 3, (moment.at - begin) / 86400 * width));
    const mark = moment.kind === 'trouble' ? s('rect', {class: 'mark', 'data-kind': moment.kind, x: x - 3.5, y: 8, width: 7, height: 7})
      : moment.kind === 'recovery' ? s('circle', {class: 'mark', 'data-kind': moment.kind, cx: x, cy: 12, r: 3.8})
        : s('path', {class: 'mark', 'data-kind': moment.kind, d: `M${x - 4} 16L${x + 4} 16L${x} 8Z`});
    mark.append(s('title', {}, `${clock(moment.at)} ${moment.kind} ${moment.text}`));
    drawing.append(s('line', {x1: x, x2: x, y1: 16, y2: 26}), mark);
  }
  return drawing;
}

// ---------------------------------------------------------------- objectives

function objectivesOf(name) {
  return (fleet.objectives || []).filter(one => one.subject.kind !== 'saga' && (one.subject.name === name || one.subject.name.startsWith(name + '.')));
}
function lights(one) {
  const burning = one.burns.filter(burn => burn.firing);
  return h('span', {class: 'lights', role: 'img', 'aria-label': burning.length ? 'burns too fast: ' + burning.map(burn => `${burn.severity}, over ${seconds(burn.long_window)}`).join('; ') : 'no burn light is on'},
    one.burns.map(burn => h('i', {'data-burns': burn.firing ? burn.severity : null, title: `${burn.severity}: ${few(burn.long || 0)}× over ${seconds(burn.long_window)}, ${few(burn.short || 0)}× over ${seconds(burn.short_window)}; fires beyond ${few(burn.limit)}×`}, burn.firing ? '!' : '')));
}
function budget(own) {
  if (!own.length) return h('span', {class: 'faint'}, '–');
  const least = own.reduce((least, one) => (one.budget_left ?? 9) < (least.budget_left ?? 9) ? one : least);
  return [h('span', {title: least.name}, percent(least.budget_left) + ' '), lights({burns: least.burns.map((burn, index) => own.map(one => one.burns[index]).find(one => one && one.firing) || burn)})];
}
/** Which of them spends its budget fastest, over the first of its windows that says; `null` where none spends any. */
function fastestBurner(overview) {
  const all = (overview.objectives || []).map(one => ({one, burn: Math.max(0, ...one.burns.map(burn => burn.long || 0))}));
  return all.filter(found => found.burn > 0).sort((a, b) => b.burn - a.burn)[0] || null;
}
const objectiveLevel = one => one.state === 'breached' ? 'bad' : one.state === 'burning' ? 'warning' : 'good';
function objectivePanel() {
  const head = h('span', {class: 'dim'});
  const grid = new Grid('Objectives', [
    {head: 'State', unseen: true, class: 'state', stamp: objectiveLevel, draw: one => sign(objectiveLevel(one))},
    {head: 'Objective', isName: true, class: 'name', text: one => one.name},
    {head: 'Target', class: 'n narrow-off', text: one => percent(one.target)},
    {head: 'Budget left', class: 'n', text: one => percent(one.budget_left)},
    {head: 'Lights', stamp: one => JSON.stringify(one.burns), draw: lights},
    {head: 'Exhausted in', class: 'n', text: one => known(one.hours_to_exhaustion) ? seconds(one.hours_to_exhaustion * 3600) : '–'},
    {head: 'Counted', class: 'n narrow-off', text: one => count(one.total)},
    {head: 'Why', class: 'why wide', text: one => one.reason || ''},
  ], {empty: 'none'});
  return {
    element: h('section', {class: 'panel', 'aria-label': 'Objectives'}, h('div', {class: 'top'}, h('h2', {}, 'Objectives'), head), grid.element),
    update(overview) {
      const all = overview.objectives || [];
      const breached = all.filter(one => one.state === 'breached').length;
      set(head, `${breached} of ${all.length} in breach`);
      // What is worst stands first; of equals what has least left.
      const left = one => one.budget_left ?? 9;
      grid.update(all.slice().sort((a, b) => ranks[objectiveLevel(b)] - ranks[objectiveLevel(a)] || left(a) - left(b)), one => one.name, objectiveLevel);
    },
  };
}

// ---------------------------------------------------------------- streams and readers

const streamColumns = [
  stateColumn,
  {head: 'Stream', isName: true, class: 'name', stamp: row => row.name, draw: row => [link(row.service, 'stream', row.name), h('div', {class: 'sub'}, row.name)]},
  {head: 'Events/s', class: 'n', text: row => rate(row.rate)},
  {head: 'In the outbox', class: 'n', text: row => count(row.depth)},
  {head: 'Oldest', class: 'n', text: row => row.age ? seconds(row.age) : '–'},
  {head: 'p50 / p99 to the broker', class: 'n narrow-off', text: row => known(row.p50) ? `${seconds(row.p50)} / ${seconds(row.p99)}` : '–'},
  {head: 'Records', class: 'n narrow-off', text: row => count(row.records)},
  {head: 'Size', class: 'n narrow-off', text: row => bytes(row.bytes)},
  {head: 'Parked', class: 'n', text: row => row.parked ? count(row.parked) : '–'},
  {...whyColumn, class: 'why wide'},
];
const readerColumns = [
  stateColumn,
  {head: 'Reader', isName: true, class: 'name', stamp: row => row.name + row.kind, draw: row => [link(row.name, 'reader', row.name, row.stream), h('div', {class: 'sub'}, row.kind)]},
  {head: 'From', class: 'narrow-off', stamp: row => row.source, draw: row => link(row.source, 'stream', row.stream)},
  {head: 'Events/s', class: 'n', text: row => rate(row.rate)},
  {head: 'Behind', class: 'n', text: row => count(row.lag)},
  {head: 'Oldest', class: 'n', text: row => row.age ? seconds(row.age) : '–'},
  {head: 'p50 / p99 end to end', class: 'n narrow-off', text: row => known(row.p50) ? `${seconds(row.p50)} / ${seconds(row.p99)}` : '–'},
  {head: 'Parked', class: 'n', text: row => row.parked + row.retrying + row.waiting ? count(row.parked + row.retrying + row.waiting) : '–'},
  {...whyColumn, class: 'why wide'},
];
const readerKey = row => row.name + ' ' + row.stream;

const streamsPage = () => {
  let filter = '';
  const streams = new Grid('Streams, the worst first', streamColumns), readers = new Grid('Readers, the worst first', readerColumns);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Streams'), h('span', {class: 'spring'}), filterField('streams and readers', text => { filter = text; page.update(fleet); })),
    panel('Outboxes and streams', streams.element), panel('Views, pushes and other readers', readers.element));
  return {update(overview) {
    streams.update(overview.streams.filter(row => row.name.toLowerCase().includes(filter)), row => row.name, row => row.level);
    readers.update(overview.readers.filter(row => readerKey(row).toLowerCase().includes(filter)), readerKey, row => row.level);
  }};
};

function facts(rows) { return h('dl', {class: 'facts body'}, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))); }
function title(kind, name, row) {
  return h('div', {class: 'title'}, row ? sign(row.level) : '', h('h1', {}, name), h('span', {class: 'faint'}, kind));
}
function reasons(row) { return row && (row.why || []).length ? h('div', {class: 'notice' + (row.level === 'bad' ? '' : ' warning')}, h('ul', {}, row.why.map(text => h('li', {}, text)))) : ''; }
function gone(what) { main.replaceChildren(h('h1', {}, 'Not here'), h('p', {class: 'dim'}, `The fleet has no ${what}.`)); return {}; }

/** Everything that is measured of something. */
function signals(name) {
  const body = h('div', {class: 'scroll'}, h('p', {class: 'body faint'}, 'Asking …'));
  ask('/api/signals?of=' + encodeURIComponent(name)).then(all => {
    const grid = new Grid('All that is measured of ' + name, [
      {head: 'Metric', isName: true, class: 'mono', stamp: one => one.metric, draw: one => h('span', {title: one.meaning}, one.metric)},
      {head: 'Labels', class: 'dim mono narrow-off', text: one => Object.entries(one.labels).filter(([, value]) => value !== name).map(([key, value]) => `${key}=${value}`).join(' ')},
      {head: 'Value', class: 'n', text: one => known(one.value) ? (one.unit === 's' ? seconds(one.value) : one.unit === 'By' ? bytes(one.value) : one.unit === '1' ? percent(one.value) : count(one.value))
        : known(one.p50) ? [one.p50, one.p99, one.p999].map(value => one.unit === 's' ? seconds(value) : count(value)).join(' / ') : '–'},
      {head: 'Meaning', class: 'dim wide', text: one => one.meaning + (known(one.count) ? ` (p50 / p99 / p99.9 of ${count(one.count)} since the start)` : '')},
    ]);
    grid.update(all, one => one.metric + JSON.stringify(one.labels));
    body.replaceChildren(grid.element);
  }, error => body.replaceChildren(h('p', {class: 'body trouble'}, error.message)));
  return panel('All signals', body);
}

/** What a store's server runs that takes the most time; nothing where it does not tell. */
function topStatements(name) {
  const grid = new Grid('Statements that took the most time', [
    {head: 'Statement', isName: true, class: 'mono why wide', stamp: one => one.text, draw: one => h('div', {title: one.text}, one.text)},
    {head: 'Time', class: 'n', text: one => seconds(one.seconds)}, {head: 'Calls', class: 'n', text: one => count(one.calls)},
    {head: 'Mean', class: 'n', text: one => seconds(one.calls ? one.seconds / one.calls : 0)}, {head: 'Rows', class: 'n narrow-off', text: one => count(one.rows)},
  ]);
  const box = panel('Top statements', grid.element);
  box.hidden = true;
  const load = () => ask('/api/statements?of=' + encodeURIComponent(name)).then(all => { box.hidden = all.length === 0; grid.update(all, one => one.id); }, () => {});
  box.loaded = load();
  const timer = setInterval(() => { if (!box.isConnected) clearInterval(timer); else load(); }, 10000);
  return box;
}

const latency = [{field: 'p50', class: 'low'}, {field: 'p99', class: 'high'}];
const only = field => [{field, class: 'high'}];

/** Shows the first panel that there is of some, and has the keyboard begin there. */
function lead(names) {
  const panel = names.map(name => main.querySelector(`section[aria-label="${name}"]`)).find(panel => panel && !panel.hidden);
  if (!panel) return;
  panel.setAttribute('tabindex', '-1');
  panel.focus({preventScroll: true});
  panel.scrollIntoView({block: 'start'});
}

const storePage = (name, part) => {
  const find = overview => overview.stores.find(row => row.name === name);
  if (!find(fleet)) return gone(`store ${name}`);
  const statements = topStatements(name);
  const head = h('div'), streams = new Grid('Its stream', streamColumns), readers = new Grid('What reads for it', readerColumns);
  const own = fleet.streams.some(row => row.service === name), reads = fleet.readers.some(row => row.service === name);
  main.replaceChildren(head, charts('store ' + name, [
    {title: 'p50 / p99', lines: latency, text: seconds}, {title: 'Operations a second', lines: only('rate'), text: rate},
    {title: 'Saturation', lines: only('age'), text: percent}, {title: 'Errors a minute', lines: only('errors'), text: rate}]),
  ...(own ? [panel('Its outbox and stream', streams.element)] : []), ...(reads ? [panel('What it reads', readers.element)] : []), statements, signals(name));
  if (part) statements.loaded.then(() => { if (statements.isConnected) lead(part === 'latency' ? ['Top statements', 'History'] : []); });
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    head.replaceChildren(title(`${row.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'} store · ${row.role}`, name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['p50', seconds(row.p50)], ['p99', seconds(row.p99)], [row.isServerCount ? 'Transactions/s' : 'Flotilla\u2019s transactions/s', rate(row.operations)],
      ['Errors/min', rate(row.errors)], ['Saturation', [percent(row.saturation), known(row.saturation) && row.saturationOf ? h('span', {class: 'sub'}, row.saturationOf) : '']]])));
    streams.update(overview.streams.filter(one => one.service === name), one => one.name, one => one.level);
    readers.update(overview.readers.filter(one => one.service === name), readerKey, one => one.level);
  }};
};

const streamPage = name => {
  const find = overview => overview.streams.find(row => row.name === name);
  if (!find(fleet)) return gone(`stream ${name}`);
  const head = h('div'), readers = new Grid('Who reads it', readerColumns, {empty: 'Nobody reads it.'});
  main.replaceChildren(head, panel('Who reads it', readers.element), charts('stream ' + name, [
    {title: 'Events a second', lines: only('rate'), text: rate}, {title: 'p50 / p99 to the broker', lines: latency, text: seconds},
    {title: 'Oldest in the outbox', lines: only('age'), text: seconds}, {title: 'In the outbox', lines: only('depth'), text: count}]), signals(name));
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    head.replaceChildren(title('stream', name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['Published by', link(row.service, 'store', row.service)], ['Events/s', rate(row.rate)], ['In the outbox', count(row.depth)], ['Oldest', row.age ? seconds(row.age) : '–'],
      ['p50 to the broker', seconds(row.p50)], ['p99', seconds(row.p99)], ['Records', count(row.records)], ['Size', bytes(row.bytes)],
      ['Parked', row.parked ? link(count(row.parked), 'parked') : '0'], ['Waiting', count(row.waiting)]])));
    readers.update(overview.readers.filter(one => one.stream === name), readerKey, one => one.level);
  }};
};

const readerPage = (name, stream) => {
  const find = overview => overview.readers.find(row => row.name === name && (!stream || row.stream === stream));
  const first = find(fleet);
  if (!first) return gone(`reader ${name}`);
  const head = h('div');
  main.replaceChildren(head, charts(`reader ${name} ${first.stream}`, [
    {title: 'p50 / p99 end to end', lines: latency, text: seconds}, {title: 'Events a second', lines: only('rate'), text: rate},
    {title: 'Age of the oldest not taken', lines: only('age'), text: seconds}, {title: 'Behind', lines: only('depth'), text: count}]), signals(name));
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    const parked = row.parked + row.retrying + row.waiting;
    head.replaceChildren(title(row.kind, name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['In', row.kind === 'flow' || row.kind === 'sagas' ? row.service : link(row.service, 'store', row.service)], ['Reads', link(row.stream, 'stream', row.stream)], ['Events/s', rate(row.rate)], ['Behind', count(row.lag)],
      ['Oldest', row.age ? seconds(row.age) : '–'], ['p50 end to end', seconds(row.p50)], ['p99', seconds(row.p99)],
      ['Parked', parked ? link(count(row.parked), 'parked') : '0'], ['Tried again', count(row.retrying)], ['Waiting', count(row.waiting)]])));
  }};
};

// ---------------------------------------------------------------- the map

const mapPage = () => {
  const area = h('div', {class: 'scroll body', tabindex: '0', role: 'region', 'aria-label': 'Map; the same is on the page Streams as tables'});
  let filter = '', shape = '';
  let parts = null;
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Map'), h('span', {class: 'faint'}, 'services, their streams, and who reads them'), h('span', {class: 'spring'}), filterField('the map', text => { filter = text; page.update(fleet); })),
    h('section', {class: 'panel', 'aria-label': 'Map'}, area));
  return {update(overview) {
    const streams = overview.streams.slice().sort((a, b) => a.name < b.name ? -1 : 1).filter(row => !filter || row.name.toLowerCase().includes(filter) || overview.readers.some(one => one.stream === row.name && one.name.toLowerCase().includes(filter)));
    const readers = overview.readers.filter(row => streams.some(one => one.name === row.stream));
    const now = JSON.stringify([streams.map(row => row.name), readers.map(readerKey).sort()]);
    if (now !== shape) { shape = now; parts = drawMap(streams, readers); area.replaceChildren(parts.drawing); }
    parts.update(overview);
  }};
};

/** Services on the left, their streams in the middle, readers on the right: those in the order that has the fewest crossings. */
function drawMap(streams, readers) {
  const place = new Map(streams.map((row, index) => [row.name, index]));
  const groups = new Map();
  for (const row of readers) {
    if (!groups.has(row.name)) groups.set(row.name, {name: row.name, kind: row.kind, ports: []});
    groups.get(row.name).ports.push(row);
  }
  const order = [...groups.values()];
  for (const group of order) {
    group.ports.sort((a, b) => place.get(a.stream) - place.get(b.stream));
    group.weight = group.ports.reduce((sum, row) => sum + place.get(row.stream), 0) / group.ports.length;
  }
  order.sort((a, b) => a.weight - b.weight || (a.name < b.name ? -1 : 1));
  const [width, left, middle, right, line, gap] = [1180, 8, 330, 860, 18, 12];
  let y = 10;
  for (const group of order) { group.y = y; group.height = 24 + group.ports.length * line; y += group.height + gap; }
  const height = Math.max(y, streams.length * 58) + 10;
  // Streams stand in the middle of those who read them, in their order, and not on one another.
  let floor = 10;
  const free = Math.max(0, height - 20 - streams.length * 46);
  const wanted = streams.map(row => {
    const ports = order.flatMap(group => group.ports.map((port, index) => port.stream === row.name ? group.y + 24 + index * line : null)).filter(known);
    return ports.length ? ports.reduce((a, b) => a + b, 0) / ports.length - 20 : null;
  });
  const spots = new Map();
  streams.forEach((row, index) => {
    const ceiling = 10 + free + index * 46;
    const spot = Math.min(ceiling, Math.max(floor, wanted[index] ?? floor));
    spots.set(row.name, spot);
    floor = spot + 46;
  });
  const drawing = s('svg', {class: 'map', viewBox: `0 0 ${width} ${height}`});
  const edges = s('g'), nodes = s('g'), labels = s('g');
  drawing.append(edges, nodes, labels);
  const updates = [];
  const short = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;
  function node(x, y, wide, high, href, text) {
    const anchor = s('a', {href, class: 'plain'});
    const box = s('g', {class: 'node'}, s('rect', {x, y, width: wide, height: high, rx: 7}), s('text', {class: 'title-text', x: x + 11, y: y + 17}, short(text, 34)), s('title', {}, text));
    anchor.append(box);
    nodes.append(anchor);
    return {box, anchor};
  }
  function edge(x1, y1, x2, y2) {
    // The end is straight: what is told of the arrow stands over it.
    const turn = x2 - Math.min(150, (x2 - x1) / 2), bend = (turn - x1) / 2;
    const d = `M${x1} ${y1}C${x1 + bend} ${y1} ${turn - bend} ${y2} ${turn} ${y2}H${x2}`;
    const under = s('path', {class: 'edge', d}), over = s('path', {class: 'flow', d, visibility: 'hidden'});
    const label = s('text', {class: 'label', x: x2 - 8, y: y2 - 4, 'text-anchor': 'end'});
    edges.append(under, over);
    labels.append(label);
    return (level, flow, text) => {
      mark(under, 'data-level', level === 'good' ? null : level);
      under.setAttribute('stroke-width', flow > 0 ? Math.min(5, 1.2 + Math.log10(1 + flow)) : 1.2);
      mark(over, 'visibility', flow > 0 && level !== 'paused' ? 'visible' : 'hidden');
      over.style.animationDuration = Math.max(0.25, 1.6 - Math.log10(1 + flow) * 0.4) + 's';
      mark(label, 'data-level', level === 'good' ? null : level);
      set(label, (level === 'good' ? '' : levels[level].sign + ' ') + text);
    };
  }
  for (const row of streams) {
    const y = spots.get(row.name);
    const service = node(left, y, 150, 38, path('store', row.service), row.service), stream = node(middle, y, 190, 38, path('stream', row.name), row.name);
    const engine = s('text', {class: 'faint-text', x: left + 11, y: y + 31}), records = s('text', {class: 'faint-text', x: middle + 11, y: y + 31});
    service.box.append(engine);
    stream.box.append(records);
    const draw = edge(left + 150, y + 19, middle, y + 19);
    updates.push(overview => {
      const now = overview.streams.find(one => one.name === row.name), store = overview.stores.find(one => one.name === row.service);
      if (!now) return;
      if (store) { mark(service.box, 'data-level', store.level); set(engine, store.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'); }
      mark(stream.box, 'data-level', now.level);
      set(records, `${count(now.records)} records · ${bytes(now.bytes)}`);
      draw(now.level, now.rate || 0, `${rate(now.rate)}/s` + (now.depth ? ` · ${count(now.depth)} wait` + (now.age ? `, ${seconds(now.age)}` : '') : ''));
      mark(service.anchor, 'aria-label', `Service ${row.service}, ${levels[store ? store.level : 'good'].word}`);
      mark(stream.anchor, 'aria-label', `Stream ${row.name}, ${levels[now.level].word}, ${rate(now.rate)} events a second, ${count(now.depth)} in the outbox`);
    });
  }
  for (const group of order) {
    const box = node(right, group.y, width - right - 8, group.height, path('reader', group.name, group.ports[0].stream), group.name);
    box.box.append(s('text', {class: 'faint-text', x: width - 18, y: group.y + 17, 'text-anchor': 'end'}, group.kind));
    group.ports.forEach((port, index) => {
      const y = group.y + 24 + index * line + 6;
      const text = s('text', {class: 'faint-text', x: right + 11, y: y + 4});
      box.box.append(text);
      const draw = edge(middle + 190, spots.get(port.stream) + 19, right, y);
      updates.push(overview => {
        const now = overview.readers.find(one => one.name === port.name && one.stream === port.stream);
        if (!now) return;
        set(text, `${now.source}: ${known(now.p99) ? 'p99 ' + seconds(now.p99) : now.rate > 0 ? 'at work' : 'idle'}${now.parked ? ` · ${now.parked} parked` : ''}`);
        draw(now.level, now.rate || 0, `${rate(now.rate)}/s` + (now.lag ? ` · ${count(now.lag)} behind` + (now.age ? `, ${seconds(now.age)}` : '') : ''));
      });
    });
    updates.push(overview => {
      const own = overview.readers.filter(one => one.name === group.name);
      const level = own.reduce((level, one) => ranks[one.level] > ranks[level] ? one.level : level, 'good');
      mark(box.box, 'data-level', level);
      mark(box.anchor, 'aria-label', `${group.kind} ${group.name}, ${levels[level].word}; ` + own.map(one => `from ${one.source}: ${rate(one.rate)} events a second, ${count(one.lag)} behind`).join('; '));
    });
  }
  return {drawing, update(overview) { for (const update of updates) update(overview); }};
}

// ---------------------------------------------------------------- parked events

// Who waits for an answer. A dialog says later that it was closed: by then it may be open again, for another question.
let answered = null;
function settle() {
  const dialog = document.getElementById('ask'), tell = answered;
  if (!tell || dialog.open) return;
  answered = null;
  tell(dialog.returnValue === 'yes');
}
document.getElementById('ask').addEventListener('close', settle);

function confirmed(heading, text, yes, isDangerous) {
  settle();
  const dialog = document.getElementById('ask'), button = document.getElementById('ask-yes');
  document.getElementById('ask-title').textContent = heading;
  document.getElementById('ask-text').textContent = text;
  button.textContent = yes;
  button.className = isDangerous ? 'danger' : '';
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise(resolve => { answered = resolve; });
}

const parkedPage = () => {
  let items = [], filter = '', counted = null;
  const told = h('div', {class: 'notice warning', role: 'status', hidden: true}), head = h('span', {class: 'faint'});
  const failures = h('div');
  const grid = new Grid('Parked events', [
    {head: 'State', unseen: true, class: 'state', stamp: row => row.state, draw: row => h('span', {class: 'sign', 'data-level': row.state === 'parked' ? 'warning' : 'paused', role: 'img', 'aria-label': row.state, title: row.state}, row.state === 'parked' ? '▲' : row.state === 'retrying' ? '↻' : '…')},
    {head: 'Event', isName: true, class: 'name', stamp: row => row.id, draw: row => [h('span', {}, row.type), h('div', {class: 'sub mono'}, row.id)]},
    {head: 'Key', class: 'mono', text: row => row.key},
    {head: 'Where', class: 'narrow-off', stamp: row => row.place, draw: row => h('span', {}, row.place)},
    {head: 'Why', class: 'why', text: row => row.state === 'waiting' ? 'waits behind another of its key' : row.reason || ''},
    {head: 'Tries', class: 'n narrow-off', text: row => row.attempts},
    {head: 'Parked', class: 'n narrow-off', stamp: row => row.parkedAt, draw: row => h('time', {datetime: row.parkedAt, title: when(row.parkedAt)}, ago(row.parkedAt))},
    {head: 'What to do', class: 'n', stamp: row => row.state, draw: row => h('span', {class: 'group'},
      row.state === 'waiting' ? '' : h('button', {'data-do': 'retry', 'aria-label': `Retry ${row.type} ${row.id}`, onclick: event => act(row, true, event.target)}, 'Retry'),
      h('button', {class: 'danger', 'data-do': 'discard', 'aria-label': `Discard ${row.type} ${row.id}`, onclick: event => act(row, false, event.target)}, 'Discard'))},
  ], {empty: 'Nothing is parked.', class: 'stack'});
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Parked events'), head, h('span', {class: 'spring'}), filterField('parked events', text => { filter = text; show(); })), told, failures, h('section', {class: 'panel', 'aria-label': 'Parked events'}, grid.element),
    h('p', {class: 'faint small'}, 'An event that failed is parked with its error: its key waits, all others go on. What an event carries is not shown here.'));
  function show() {
    const rows = items.filter(row => !filter || [row.id, row.key, row.type, row.place, row.reason || ''].some(text => text.toLowerCase().includes(filter)));
    grid.update(rows, row => row.place + ' ' + row.id, row => row.state === 'parked' ? 'warning' : null);
    set(head, `${items.filter(row => row.state === 'parked').length} parked, ${items.filter(row => row.state !== 'parked').length} tried again or waiting`);
  }
  async function load() {
    try {
      const answer = await ask('/api/parked');
      items = answer.items;
      failures.replaceChildren(...answer.failures.map(one => h('div', {class: 'notice'}, `${one.place}: ${one.error}`)));
    } catch (error) { tell(error.message); }
    show();
  }
  function tell(text) { told.hidden = false; told.textContent = text; }
  async function act(row, isRetry, button) {
    const heading = isRetry ? `Retry ${row.type}?` : `Discard ${row.type}?`;
    const text = isRetry ? `${row.id} of key ${row.key} is tried again at ${row.place}, and with it those that wait behind it.`
      : `${row.id} of key ${row.key} will never take effect at ${row.place}. This cannot be undone. Those that wait behind it go on.`;
    if (!await confirmed(heading, text, isRetry ? 'Retry' : 'Discard', !isRetry)) return;
    button.disabled = true;
    try {
      const outcomes = await ask('/api/parked/' + (isRetry ? 'retry' : 'discard'), {id: row.id, place: row.place});
      const one = outcomes[0];
      tell(!one ? `${row.id} is not parked at ${row.place} any more.`
        : isRetry && one.failure && !one.applied ? `${row.id} stays parked: ${one.failure}`
          : one.isAsked && isRetry ? `${row.id}: its service tries it again.`
            : `${row.id} is ${isRetry ? 'applied' : 'discarded'}` + (one.applied > (isRetry ? 1 : 0) ? `, and ${one.applied - (isRetry ? 1 : 0)} that waited behind it.` : '.') + (one.failure ? ` The next of its key stays parked: ${one.failure}` : ''));
    } catch (error) { tell(error.message); }
    button.disabled = false;
    await load();
    main.focus();
  }
  load();
  return {update(overview) {
    const now = JSON.stringify([...overview.streams, ...overview.readers].map(row => [row.name, row.parked, row.retrying, row.waiting]).sort());
    if (counted !== null && counted !== now) load();
    counted = now;
  }};
};

// ---------------------------------------------------------------- sagas and flows

const sagaLevel = status => status === 'parked' ? 'warning' : status === 'compensating' ? 'paused' : 'good';
function statusSign(status, level) { return h('span', {}, h('span', {class: 'sign', 'data-level': level, 'aria-hidden': 'true'}, levels[level].sign), status); }

function listing(title, columns, url, statuses, key) {
  let status = '';
  const grid = new Grid(title, columns, {empty: 'None.'});
  const trouble = h('p', {class: 'body trouble', hidden: true});
  const choice = h('select', {'aria-label': 'Status', onchange: event => { status = event.target.value; load(); }}, h('option', {value: ''}, 'every status'), statuses.map(one => h('option', {value: one}, one)));
  async function load() {
    try {
      grid.update(await ask(url + (status ? (url.includes('?') ? '&' : '?') + 'status=' + status : '')), key);
      trouble.hidden = true;
    } catch (error) { trouble.hidden = false; trouble.textContent = error.message; }
  }
  load();
  const timer = setInterval(() => { if (!grid.element.isConnected) clearInterval(timer); else load(); }, 5000);
  return h('section', {class: 'panel', 'aria-label': title}, h('div', {class: 'top'}, h('h2', {}, title), h('span', {class: 'faint small'}, 'the youngest 200'), h('span', {class: 'spring'}), choice), trouble, grid.element);
}

const sagasPage = name => {
  const grid = new Grid('Sagas by name', [
    stateColumn, {head: 'Saga', isName: true, class: 'name', stamp: row => row.name, draw: row => link(row.name, 'sagas', row.name)},
    ...['running', 'compensating', 'stuck', 'completed', 'compensated', 'rejected'].map(field => ({head: field, class: 'n', text: row => count(row[field])})),
    {head: 'Trouble', class: 'why wide', text: row => row.error || ''}]);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, name ? `Saga ${name}` : 'Sagas')), panel('By name', grid.element),
    listing('Sagas', [
      {head: 'Saga', isName: true, class: 'mono', stamp: row => row.id, draw: row => link(row.id, 'saga', row.id)},
      {head: 'Status', stamp: row => row.status, draw: row => statusSign(row.status, sagaLevel(row.status))},
      {head: 'Started', class: 'n', text: row => when(row.startedAt)}, {head: 'Ended', class: 'n narrow-off', text: row => when(row.endedAt)}],
    '/api/sagas' + (name ? '?name=' + encodeURIComponent(name) : ''), ['running', 'compensating', 'parked', 'completed', 'compensated', 'rejected'], row => row.id));
  return {update(overview) { grid.update(overview.sagas.filter(row => !name || row.name === name), row => row.name, row => row.level); }};
};

function reloading(url, draw) {
  let before = '';
  const here = location.hash;
  async function load() {
    try {
      const value = await ask(url), now = JSON.stringify(value);
      // Somebody may have gone on meanwhile.
      if (location.hash !== here) return;
      if (now !== before) { before = now; draw(value); }
    } catch (error) {
      // Where nobody answers, what was drawn stays: the head of the page says so.
      if (location.hash !== here || (error instanceof TypeError && before)) return;
      before = '';
      main.replaceChildren(h('h1', {}, 'Not here'), h('p', {class: 'trouble'}, error.message));
    }
  }
  main.replaceChildren(h('p', {class: 'faint'}, 'Asking …'));
  load();
  const timer = setInterval(() => { if (location.hash !== here) clearInterval(timer); else load(); }, 5000);
  return {};
}

const sagaPage = id => reloading('/api/saga?id=' + encodeURIComponent(id), saga => {
  const grid = new Grid('Steps', [
    {head: 'State', unseen: true, class: 'state', stamp: row => row.isParked, draw: row => sign(row.isParked ? 'warning' : 'good')},
    {head: 'Step', isName: true, class: 'name', text: row => row.step}, {head: 'Status', text: row => row.status}, {head: 'Attempts', class: 'n', text: row => row.attempts},
    {head: 'Took', class: 'n narrow-off', text: row => row.endedAt ? seconds((new Date(row.endedAt) - new Date(row.startedAt)) / 1000) : '–'},
    {head: 'Undone', text: row => row.undone || '–'}, {head: 'Why', class: 'why', text: row => row.why || ''}], {class: 'steps'});
  grid.update([...saga.steps, ...saga.unbegun.map(step => ({step, status: 'not begun', attempts: 0}))], row => row.step, row => row.isParked ? 'warning' : null);
  const notes = h('ol', {class: 'moments'}, saga.notes.slice().reverse().map(note => h('li', {}, h('time', {class: 'dim', title: when(note.at)}, when(note.at).slice(11)), h('span', {class: 'faint'}, note.kind), h('span', {class: 'text'}, note.text))));
  main.replaceChildren(h('div', {class: 'title'}, sign(sagaLevel(saga.status)), h('h1', {class: 'mono'}, saga.id), h('span', {class: 'faint'}, 'saga')),
    h('section', {class: 'panel', 'aria-label': 'Now'}, facts([['Status', saga.status + (saga.isOverdue ? ', overdue' : '')], ['Started', when(saga.startedAt)], ['Deadline', when(saga.deadline)], ...(saga.outcome ? [['Outcome', saga.outcome]] : []), ...(saga.stop ? [['Is undone', saga.stop]] : [])])),
    panel('Steps', grid.element), ...(saga.notes.length ? [panel('Notes', notes)] : []),
    ...(saga.status === 'parked' ? [h('p', {class: 'dim'}, 'To act on it: ', h('code', {}, `flotilla sagas retry ${saga.id}`), ', skip, resolve or cancel.')] : []));
});

const flowLevel = row => row.status === 'stuck' ? 'warning' : row.status === 'failed' ? 'paused' : 'good';
const flowsPage = name => {
  const grid = new Grid('Flows by name', [
    stateColumn, {head: 'Flow', isName: true, class: 'name', stamp: row => row.name, draw: row => link(row.name, 'flows', row.name)},
    ...[['running', 'running'], ['stuck', 'stuck'], ['ended', 'ended'], ['failed', 'failed'], ['outOfOrder', 'out of order'], ['late', 'late']].map(([field, head]) => ({head, class: 'n', text: row => count(row[field])})),
    {head: 'Trouble', class: 'why wide', text: row => row.error || ''}]);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, name ? `Flow ${name}` : 'Flows')), panel('By name', grid.element),
    listing('Runs', [
      {head: 'Key', isName: true, class: 'mono', stamp: row => row.key, draw: row => link(row.key, 'flow', row.flow, row.key)}, {head: 'Flow', class: 'narrow-off', text: row => row.flow},
      {head: 'Status', stamp: row => row.status, draw: row => statusSign(row.status, flowLevel(row))},
      {head: 'Steps', class: 'n', text: row => `${row.steps.filter(step => step.time).length} of ${row.steps.length}`}, {head: 'Changed', class: 'n', text: row => when(row.changed_at)},
      {head: 'Findings', class: 'why', text: row => row.findings.filter(one => !one.cleared_at).map(one => one.text).join(' · ')}],
    '/api/flows' + (name ? '?name=' + encodeURIComponent(name) : ''), ['unstarted', 'running', 'stuck', 'ended', 'failed', 'out-of-order', 'late'], row => row.flow + ' ' + row.key));
  return {update(overview) { grid.update(overview.flows.filter(row => !name || row.name === name), row => row.name, row => row.level); }};
};

const flowPage = (name, key) => reloading(`/api/flow?name=${encodeURIComponent(name)}&id=${encodeURIComponent(key)}`, run => {
  const grid = new Grid('Steps', [
    {head: 'Event', isName: true, class: 'name', text: row => row.event}, {head: 'Role', text: row => row.role}, {head: 'Came', class: 'n', text: row => row.time ? when(row.time) : 'not yet'},
    {head: 'Due', class: 'n', text: row => when(row.due)}, {head: 'Repeated', class: 'n narrow-off', text: row => row.repetition_count || '–'}]);
  grid.update(run.steps, row => row.event);
  main.replaceChildren(h('div', {class: 'title'}, sign(flowLevel(run)), h('h1', {class: 'mono'}, run.key), h('span', {class: 'faint'}, `run of flow ${run.flow}`)),
    h('section', {class: 'panel', 'aria-label': 'Now'}, facts([['Status', run.status], ['Started', when(run.started_at)], ['Ended', when(run.ended_at)], ['Changed', when(run.changed_at)]])), panel('Steps', grid.element),
    ...(run.findings.length ? [panel('Findings', h('ul', {class: 'body'}, run.findings.map(one => h('li', {}, one.text + (one.cleared_at ? ' (cleared)' : '')))))] : []));
});

// ---------------------------------------------------------------- where we are

const pages = {'': overviewPage, map: mapPage, streams: streamsPage, parked: parkedPage, sagas: sagasPage, saga: sagaPage, flows: flowsPage, flow: flowPage, store: storePage, stream: streamPage, reader: readerPage};
const homes = {'': 'overview', store: 'overview', stream: 'streams', reader: 'streams', saga: 'sagas', flow: 'flows'};

function go() {
  if (!fleet) return;
  const parts = location.hash.replace(/^#\/?/, '').split('/').map(part => { try { return decodeURIComponent(part); } catch (error) { return part; } });
  const make = Object.hasOwn(pages, parts[0]) ? pages[parts[0]] : () => gone('such page');
  page = null;
  page = make(...parts.slice(1)) || {};
  const home = homes[parts[0]] ?? parts[0];
  for (const one of document.querySelectorAll('nav a')) mark(one, 'aria-current', one.dataset.page === home ? 'page' : null);
  if (page.update) page.update(fleet);
  scrollTo(0, 0);
}
addEventListener('hashchange', () => { go(); main.focus({preventScroll: true}); });

// ---------------------------------------------------------------- keys

const jumps = {o: '#/', m: '#/map', s: '#/streams', g: '#/sagas', f: '#/flows', p: '#/parked'};
function rowLinks() { return [...main.querySelectorAll('tbody tr th a, tbody tr td a')].filter((one, index, all) => all.findIndex(other => other.closest('tr') === one.closest('tr')) === index); }
function step(by) {
  const rows = rowLinks();
  if (!rows.length) return;
  const here = rows.findIndex(row => row.closest('tr').contains(document.activeElement));
  rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, here + by))].focus();
}
addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, dialog')) {
    if (event.key === 'Escape' && event.target.matches('input')) event.target.blur();
    return;
  }
  if (event.key === '?') document.getElementById('help').showModal();
  else if (event.key === '/') { const field = main.querySelector('input[type=search]'); if (!field) return; field.focus(); }
  else if (event.key === 'j') step(1);
  else if (event.key === 'k') step(-1);
  else if (Object.hasOwn(jumps, event.key)) location.hash = jumps[event.key];
  else return;
  event.preventDefault();
});
document.getElementById('help-button').addEventListener('click', () => document.getElementById('help').showModal());
for (const [level, {sign: one, word}] of Object.entries(levels)) document.getElementById('signs').append(h('dt', {}, h('span', {class: 'sign', 'data-level': level}, one)), h('dd', {}, word));
if (document.querySelector('meta[name=signed-in]').content === 'yes') {
  const button = document.getElementById('sign-out');
  button.hidden = false;
  button.addEventListener('click', () => fetch('/sign-out', {method: 'POST', headers: {'x-flotilla-page': pageToken}}).then(() => location.reload()));
}

ask('/api/overview').then(overview => { take(overview); go(); listen(); }, error => { main.replaceChildren(h('p', {class: 'trouble'}, error.message)); live('lost', 'no answer'); setTimeout(() => location.reload(), 5000); });
