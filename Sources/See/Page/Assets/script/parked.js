// Parked events, and what may be done with them.

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
    {head: 'Event', isName: true, class: 'name', stamp: row => row.id + (row.trace || ''), draw: row => [h('span', {}, row.type), h('div', {class: 'sub mono'}, row.id), row.trace ? h('div', {class: 'sub'}, link('its trace', 'trace', row.trace)) : '']},
    {head: 'Key', class: 'mono', text: row => row.key},
    {head: 'Where', stamp: row => row.place, draw: row => h('span', {}, row.place)},
    {head: 'Why', class: 'why', text: row => row.state === 'waiting' ? 'waits behind another of its key' : row.reason || ''},
    {head: 'Tries', class: 'n narrow-off', text: row => row.attempts},
    {head: 'Parked', class: 'n', stamp: row => row.parkedAt, draw: row => h('time', {datetime: row.parkedAt, title: when(row.parkedAt)}, ago(row.parkedAt))},
    {head: 'What to do', class: 'n', stamp: row => row.state, draw: row => h('span', {class: 'group'},
      row.state === 'waiting' ? '' : h('button', {'data-do': 'retry', 'aria-label': `Retry ${row.type} ${row.id}`, onclick: event => act(row, true, event.target)}, 'Retry'),
      h('button', {class: 'danger', 'data-do': 'discard', 'aria-label': `Discard ${row.type} ${row.id}`, onclick: event => act(row, false, event.target)}, 'Discard'))},
  ], {empty: 'Nothing is parked.', class: 'stack'});
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Parked events'), head, h('span', {class: 'spring'}), filterField('parked events', text => { filter = text; show(); })), told, failures, h('section', {class: 'panel', 'aria-label': 'Parked events'}, grid.element),
    h('p', {class: 'faint small'}, 'An event that failed is parked with its error: its key waits, all others go on. The error is in its store’s words, which may quote a value; what else the event carries is not shown.'));
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
      show();
    } catch (error) { tell(error instanceof TypeError ? 'The process does not answer: what is shown is old.' : error.message); }
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
            : `${row.id} is ${isRetry ? 'applied' : 'discarded'}` + (isRetry && one.applied > 1 ? `, and ${one.applied - 1} that waited behind it.` : !isRetry && one.applied ? `; ${one.applied} that waited behind it ${one.applied === 1 ? 'was' : 'were'} applied.` : '.') + (one.failure ? ` The next of its key stays parked: ${one.failure}` : ''));
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
