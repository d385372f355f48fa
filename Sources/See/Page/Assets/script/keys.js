// Keys, and the beginning.

const jumps = {o: '#/', m: '#/map', s: '#/streams', g: '#/sagas', f: '#/flows', p: '#/parked', t: '#/traces'};
function rowLinks() { return [...main.querySelectorAll('tbody tr th a, tbody tr td a')].filter((one, index, all) => all.findIndex(other => other.closest('tr') === one.closest('tr')) === index); }
function step(by) {
  const rows = rowLinks();
  if (!rows.length) return;
  const here = rows.findIndex(row => row.closest('tr').contains(document.activeElement));
  rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, here + by))].focus();
}
addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, dialog')) {
    if (event.key === 'Escape' && event.target.matches('input[type=search]')) event.target.blur();
    return;
  }
  if (event.key === '?') document.getElementById('help').showModal();
  else if (!hasKeys) return;
  else if (event.key === 'h') hold();
  else if (event.key === '/') { const field = main.querySelector('input[type=search]'); if (!field) return; field.focus(); }
  else if (event.key === 'j') step(1);
  else if (event.key === 'k') step(-1);
  else if (Object.hasOwn(jumps, event.key)) location.hash = jumps[event.key];
  else return;
  event.preventDefault();
});
document.getElementById('help-button').addEventListener('click', () => document.getElementById('help').showModal());
document.getElementById('hold').addEventListener('click', hold);
const keySwitch = document.getElementById('keys-on');
keySwitch.checked = hasKeys;
keySwitch.addEventListener('change', () => {
  hasKeys = keySwitch.checked;
  remember('flotilla.keys', hasKeys ? 'on' : 'off');
  for (const field of main.querySelectorAll('input[type=search]')) field.placeholder = filterHint();
});
for (const [level, {sign: one, word}] of Object.entries(levels)) document.getElementById('signs').append(h('dt', {}, h('span', {class: 'sign', 'data-level': level}, one)), h('dd', {}, word));
if (document.querySelector('meta[name=signed-in]').content === 'yes') {
  const button = document.getElementById('sign-out');
  button.hidden = false;
  button.addEventListener('click', () => fetch('/sign-out', {method: 'POST', headers: {'x-flotilla-page': pageToken}}).then(() => location.reload()));
}

ask('/api/overview').then(overview => { take(overview); go(); listen(); }, error => { main.replaceChildren(h('p', {class: 'trouble'}, error.message)); live('lost', 'no answer'); setTimeout(() => location.reload(), 5000); });
