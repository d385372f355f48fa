// What is asked of the process, and what it tells by itself.

/** Reads the page's token anew: the process that serves the page may be another one since. Returns whether it is otherwise. */
async function renewToken() {
  const page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
  const token = page.querySelector('meta[name=page-token]'), before = pageToken;
  if (token) pageToken = token.content;
  return pageToken !== before;
}

async function ask(url, body) {
  const options = () => body === undefined ? {} : {method: 'POST', body: JSON.stringify(body), headers: {'content-type': 'application/json', 'x-flotilla-page': pageToken}};
  let answer = await fetch(url, options());
  if (answer.status === 403 && await renewToken()) answer = await fetch(url, options());
  if (answer.status === 401) { location.reload(); throw new Error('sign in again'); }
  const text = await answer.text();
  let value = null;
  try { value = JSON.parse(text); } catch (error) { value = {error: text.trim() || answer.statusText}; }
  if (!answer.ok) throw new Error(value.error + (value.remedy ? '; ' + value.remedy : ''));
  return value;
}

/** Whether the process does not answer. */
const isLost = () => document.body.classList.contains('lost');

function live(state, text) {
  mark(document.getElementById('live'), 'data-state', state);
  set(document.getElementById('live-text'), text);
  const isOver = state !== 'lost';
  if (isOver === !isLost()) return;
  document.body.classList.toggle('lost', !isOver);
  // What was known is old: nothing of it is to look as if it held.
  if (isOver) { if (fleet) tellHealth(fleet); return; }
  const pill = document.getElementById('health');
  set(pill, `? nothing is known since ${fleet ? clock(fleet.at) : 'the start'}`);
  mark(pill, 'data-level', 'none');
  document.title = '? ' + (fleet ? fleet.fleet + ' · ' : '') + 'flotilla';
  say('The process does not answer: what is shown is old.');
}

function tellLive() { if (held) live('held', `held since ${clock(held.since)}`); else live('live', 'live'); }

/** Holds what is shown, or lets it go on: what changes by itself can be read by some only while it does not. */
function hold() {
  if (!fleet) return;
  const latest = held && held.latest;
  held = held ? null : {since: fleet.at, latest: null};
  mark(document.getElementById('hold'), 'aria-pressed', String(Boolean(held)));
  document.body.classList.toggle('held', Boolean(held));
  if (!isLost()) tellLive();
  say(held ? `What is shown is held since ${clock(held.since)}.` : 'What is shown is live again.');
  if (latest) take(latest);
}

/** Has something load again and again for as long as it is shown, and not while that is held. */
function again(interval, isShown, load) {
  const timer = setInterval(() => { if (!isShown()) clearInterval(timer); else if (!held) load(); }, interval * 1000);
  return timer;
}

function listen() {
  if (source) source.close();
  source = new EventSource('/api/stream');
  source.addEventListener('overview', event => { heard = Date.now(); tellLive(); take(JSON.parse(event.data)); });
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

/** What is bad, or else what is to be warned of: `what` in words, and where it is shown. */
function troubled(overview, level) {
  const kinds = [['store', overview.stores, row => path('store', row.name)], ['stream', overview.streams, row => path('stream', row.name)],
    ['reader', overview.readers, row => path('reader', row.name, row.stream)], ['saga', overview.sagas, row => path('sagas', row.name)],
    ['flow', overview.flows, row => path('flows', row.name)], ['time bomb', overview.bombs, () => '#/']];
  const found = kinds.map(([kind, rows, place]) => ({kind, rows: rows.filter(row => row.level === level), place})).filter(one => one.rows.length);
  if (level === 'bad') {
    const breached = (overview.objectives || []).filter(one => one.state === 'breached');
    if (breached.length) found.unshift({kind: 'objective', rows: breached, place: () => '#/', word: 'in breach'});
    if (overview.troubles.length && !found.length) return {what: 'not ready', href: '#/'};
  }
  if (!found.length) return null;
  const tell = one => one.rows.length === 1 ? `${one.kind} ${one.rows[0].name || one.rows[0].what}` : `${one.rows.length} ${one.kind}s`;
  const one = found[0];
  return {what: found.map(one => tell(one) + (one.word ? ' ' + one.word : '')).slice(0, 2).join(', ') + (found.length > 2 ? ' …' : ''), href: one.place(one.rows[0])};
}

const healthOf = overview => overview.isCarried ? worst(overview) : 'paused';

/** Says in the title of the page how the fleet is: also where what is shown is held. */
function tellTitle(overview) {
  const level = healthOf(overview);
  document.title = (level === 'bad' ? '■ ' : level === 'warning' ? '▲ ' : '') + overview.fleet + ' · flotilla';
}

/** Says in the head how the fleet is, and what is worst. */
function tellHealth(overview) {
  const level = healthOf(overview), pill = document.getElementById('health');
  const what = troubled(overview, level);
  const word = !overview.isCarried ? 'not carried here' : level === 'good' ? 'all is well' : level === 'paused' ? 'well, and partly paused'
    : level === 'bad' ? (what ? `${what.what}${what.what.endsWith('in breach') || what.what === 'not ready' ? '' : ' bad'}` : 'bad') : 'warning' + (what ? ': ' + what.what : '');
  if (isLost()) return word;
  set(pill, levels[level].sign + ' ' + word);
  mark(pill, 'data-level', level);
  mark(pill, 'href', what ? what.href : '#/');
  tellTitle(overview);
  return word;
}

function take(overview) {
  if (held) {
    held.latest = overview;
    if (!isLost()) tellTitle(overview);
    return;
  }
  // Another version's process has another page.
  if (fleet && fleet.version !== overview.version) return location.reload();
  const before = fleet && worst(fleet);
  fleet = overview;
  const level = worst(overview), word = tellHealth(overview);
  set(document.getElementById('fleet'), overview.fleet);
  const parked = [...overview.streams, ...overview.readers].reduce((sum, row) => sum + row.parked, 0);
  const badge = document.getElementById('nav-parked');
  badge.hidden = parked === 0;
  set(badge, String(parked));
  document.getElementById('nav-sagas').hidden = overview.sagas.length === 0;
  document.getElementById('nav-flows').hidden = overview.flows.length === 0;
  set(document.getElementById('footer'), `flotilla ${overview.version} · broker ${overview.broker} · ${overview.carrier || ''} · as of ${clock(overview.at)}`);
  if (before && before !== level) say(`The fleet is now ${word}.`);
  // What was not known when the page was drawn may have given it another shape.
  if (page && page.isOutdated && page.isOutdated(overview)) drawAnew();
  else if (page && page.update) page.update(overview);
}

/** A page of one thing that is asked for again and again, and drawn anew where something is otherwise. */
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
  again(5, () => location.hash === here, load);
  return {};
}
