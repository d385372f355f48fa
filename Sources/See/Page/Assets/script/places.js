// Which page is shown.

const pages = {'': overviewPage, map: mapPage, streams: streamsPage, parked: parkedPage, sagas: sagasPage, saga: sagaPage, flows: flowsPage, flow: flowPage, store: storePage, stream: streamPage, reader: readerPage, traces: tracesPage, trace: tracePage};
const homes = {'': 'overview', store: 'overview', stream: 'streams', reader: 'streams', saga: 'sagas', flow: 'flows', trace: 'traces'};

function draw() {
  const parts = location.hash.replace(/^#\/?/, '').split('/').map(part => { try { return decodeURIComponent(part); } catch (error) { return part; } });
  const make = Object.hasOwn(pages, parts[0]) ? pages[parts[0]] : () => gone('such page');
  page = null;
  page = make(...parts.slice(1)) || {};
  const home = homes[parts[0]] ?? parts[0];
  for (const one of document.querySelectorAll('nav a')) mark(one, 'aria-current', one.dataset.page === home ? 'page' : null);
  if (page.update) page.update(fleet);
}

function go() {
  if (!fleet) return;
  draw();
  scrollTo(0, 0);
}

/** Draws the page anew where it is: what was filtered for, the keyboard and the eye stay where they were. */
function drawAnew() {
  const search = () => main.querySelector('input[type=search]');
  const before = search(), active = main.contains(document.activeElement) ? document.activeElement : null, place = scrollY;
  const href = active && active.getAttribute('href');
  draw();
  const after = search();
  if (before && after && before.value) {
    after.value = before.value;
    after.dispatchEvent(new Event('input'));
  }
  const same = active && active === before ? after : href ? [...main.querySelectorAll('a')].find(one => one.getAttribute('href') === href) : null;
  if (active) (same || main).focus({preventScroll: true});
  scrollTo(0, place);
}
addEventListener('hashchange', () => { go(); main.focus({preventScroll: true}); });
