// Which page is shown.

const pages = {'': overviewPage, map: mapPage, streams: streamsPage, parked: parkedPage, sagas: sagasPage, saga: sagaPage, flows: flowsPage, flow: flowPage, store: storePage, stream: streamPage, reader: readerPage, traces: tracesPage, trace: tracePage};
const homes = {'': 'overview', store: 'overview', stream: 'streams', reader: 'streams', saga: 'sagas', flow: 'flows', trace: 'traces'};

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
