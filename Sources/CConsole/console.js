'use strict';
// What others named reaches the page as text, never as markup.

const $ = id => document.getElementById(id);
const main = document.querySelector('main');
const still = matchMedia('(prefers-reduced-motion: reduce)');

const state = {
	key: sessionStorage.getItem('callpath-key') || '', live: true, modules: [], next: null, prefix: '', figures: new Map(),
	samples: [], started: 0, wait: 0, seen: null, name: null, path: '', node: null, doc: null, inputs: [], hooks: [],
	callHooks: [], fired: new Map(), captures: new Map(), stream: null, streamed: null, graph: false, turned: false, quiet: 0,
};

/** Attributes that begin with "on" are listeners. */
function complete(made, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
		else if (value != null) made.setAttribute(name, value);
	}
	made.append(...children.filter(child => child != null));
	return made;
}

const el = (tag, attributes = {}, ...children) => complete(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => complete(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

const write = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const text = (id, value) => write($(id), value);
const show = (id, ...parts) => $(id).replaceChildren(...parts);
const on = (id, event, action) => $(id).addEventListener(event, action);
const note = (...words) => el('p', {class: 'note'}, ...words);
const address = () => new URLSearchParams(location.hash.slice(1));
const parent = path => path.split('.').slice(0, -1).join('.');
const add = (map, key, by = 1) => map.set(key, (map.get(key) || 0) + by).get(key);

// ---- Asking the server

class Refused extends Error {
	constructor(status, problem) {
		super(problem?.detail || `The server answered ${status}.`);
		this.status = status;
	}
}

function send(path, {method = 'GET', body, accept = 'application/json', signal} = {}) {
	const headers = {Accept: accept};
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	if (state.key) headers.Authorization = `Bearer ${state.key}`;
	return fetch(path, {method, headers, body, signal, cache: 'no-store', credentials: 'omit'});
}

async function taken(answer) {
	if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
}

async function ask(path, options = {}) {
	const answer = await send(path, options);
	await taken(answer);
	return options.accept ? answer.text() : answer.json();
}

const at = (name, rest = '') => `v1/modules/${encodeURIComponent(name)}${rest}`;
const list = (limit, more) => ask(`v1/modules?${new URLSearchParams({limit, prefix: state.prefix, ...more})}`);
const model = (name, rest = '') => `v2/models/${encodeURIComponent(name)}${rest}`;

function words(error) {
	if (!(error instanceof Refused)) return `No answer from the server: ${error.message}`;
	return error.status === 403 ? `${error.message} The key in use lacks the scope.` : error.message;
}

const refusal = error => el('p', {class: 'problem'}, words(error));

// ---- The state of the page

function enter(name, banner = '') {
	main.dataset.state = name;
	$('loading').hidden = name !== 'loading';
	$('empty').hidden = name !== 'empty';
	$('panes').hidden = name !== 'ready' && (!state.doc || !/unreachable|restarted/.test(name));
	$('banner').hidden = !banner;
	text('banner', banner);
}

async function tick() {
	clearTimeout(tick.timer);
	let pause = 1000;
	if (!document.hidden) {
		try {
			await refresh();
			state.wait = 0;
		} catch (error) { pause = failed(error); }
	}
	clearTimeout(tick.timer);
	tick.timer = setTimeout(tick, pause);
}

function failed(error) {
	early = null;
	if (error.status === 401) {
		enter('key');
		openKey(true);
		text('key-problem', state.key ? error.message : 'This server wants a key.');
		return 15000;
	}
	state.wait = Math.min(15, state.wait * 2 || 1);
	enter('unreachable', `${words(error)} Trying again in ${state.wait} s.`
		+ (state.seen ? ` What stands here is of ${state.seen.toLocaleTimeString()}.` : ''));
	text('status', error instanceof Refused ? 'not ready' : 'unreachable');
	return state.wait * 1000;
}

async function refresh() {
	const limit = Math.min(1000, Math.max(100, state.modules.length));
	// What the address names waits for no figures.
	if (early && (await early[1])[0].version) {
		await follow();
		enter('ready');
	}
	const [page, exposed, about] = await Promise.all([
		list(limit),
		ask('metrics', {accept: 'text/plain'}).catch(error => {
			if (error.status === 404) return '';
			throw error;
		}),
		send('./').then(answer => answer.json()).catch(() => ({}))]);
	const sample = readMetrics(exposed);
	text('version', about.version || '');
	text('status', about.status || 'ready');
	const restarted = state.started > 0 && sample.started > 0 && sample.started !== state.started;
	if (restarted) {
		Object.assign(state, {samples: [], figures: new Map(), fired: new Map(), name: null});
		stopStream();
	}
	state.started = sample.started || state.started;
	state.samples = [...state.samples.filter(other => other.time > sample.time - 60000), sample];
	Object.assign(state, {modules: page.modules, next: page.next, seen: new Date()});
	if (restarted || main.dataset.state === 'restarted') enter('restarted', 'The server was started again: what it held in memory alone is gone.');
	else if (!page.modules.length && !state.prefix && !state.doc) return showEmpty();
	drawLatency();
	await follow();
	if (main.dataset.state !== 'restarted') enter('ready');
	await readFigures();
	drawList();
}

function showEmpty() {
	enter('empty');
	text('empty-curl', `curl -s ${origin()}/v1/modules -H 'Content-Type: application/json'${keyField()} -d `
		+ `'{"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}'`);
}

const origin = () => new URL('.', location.href).href.replace(/\/$/, '');
const keyField = () => state.key ? ' -H "Authorization: Bearer $CALLPATH_KEY"' : '';

// ---- Modules

async function readFigures() {
	const few = state.modules.length <= 200;
	if (!few && !state.name) return;
	const stats = await ask(few ? 'v2/models/stats' : model(state.name, '/stats')).catch(() => ({model_stats: []}));
	const [now, totals] = [performance.now(), new Map()];
	for (const {name, inference_stats: {success}} of stats.model_stats) {
		const before = totals.get(name) || {count: 0, ns: 0};
		totals.set(name, {count: before.count + success.count, ns: before.ns + success.ns, now});
	}
	for (const [name, total] of totals) {
		const before = state.figures.get(name) || total;
		const calls = total.count - before.count;
		total.words = calls > 0 ? `${short(calls * 1000 / (now - before.now))}/s ${duration((total.ns - before.ns) / calls)}` : '';
		state.figures.set(name, total);
	}
}

function drawList() {
	const list = $('module-list');
	state.modules.forEach(({name, type, version, damaged}, index) => {
		const cell = () => el('small');
		const link = (list.children[index] || list.appendChild(el('li', {}, el('a', {}, el('b'), cell(), cell(), cell())))).firstChild;
		const href = `#module=${encodeURIComponent(name)}`;
		if (link.getAttribute('href') !== href) link.setAttribute('href', href);
		link.toggleAttribute('aria-current', name === state.name);
		[name, `v${version}`, damaged ? `damaged: ${damaged}` : type, state.figures.get(name)?.words || '']
			.forEach((words, place) => write(link.children[place], words));
	});
	while (list.children.length > state.modules.length) list.lastChild.remove();
	text('count', `${state.modules.length}${state.next ? '+' : ''}`);
	text('modules-note', state.modules.length ? state.next ? 'Scroll for more.' : '' : 'There is no such module.');
}

async function more() {
	if (!state.next || more.busy || state.modules.length >= 1000) return;
	more.busy = true;
	try {
		const page = await list(100, {after: state.next});
		Object.assign(state, {modules: state.modules.concat(page.modules), next: page.next});
		drawList();
	} catch (error) { text('modules-note', words(error)); }
	more.busy = false;
}

/** Shows what the address names. */
async function follow() {
	const wanted = address();
	const name = wanted.get('module') || state.name || state.doc?.name || state.modules[0]?.name;
	if (!name) return;
	const listed = state.modules.find(module => module.name === name);
	if (name !== state.name || (listed && listed.version !== state.doc?.version)) await open(name);
	select(wanted.get('path') ?? state.path, wanted.get('node'));
	listen();
}

const read = name => Promise.all([at(name), model(name), at(name, '/hooks'), 'v1/hooks']
	.map((path, index) => ask(path).catch(error => index ? {} : error)));

// Asked before all else.
const named = address().get('module');
let early = named && [named, read(named)];
tick().then(drawReference);

async function open(name) {
	const other = name !== state.doc?.name;
	const [doc, metadata, own, all] = await (early?.[0] === name ? early[1] : read(name));
	early = null;
	if (doc instanceof Error) {
		if (!(doc instanceof Refused) || doc.status === 401 || doc.status === 503) throw doc;
		text('module-line', words(doc) + (other ? '' : ' Below is what it was.'));
		if (!other) return;
		state.doc = {name};
	} else {
		state.doc = doc;
		text('module-line', `${kind(doc)}, version ${doc.version}${doc.training ? ', in training mode' : ''}`);
	}
	state.name = name;
	state.hooks = [...(all.hooks || []).map(hook => ({...hook, everywhere: true})), ...(own.hooks || [])];
	if (other) {
		Object.assign(state, {fired: new Map(), captures: new Map(), callHooks: [], path: '', node: null});
		drawCaptures();
		drawCallHooks();
		show('answer');
		$('code').hidden = true;
		text('try-problem', '');
	}
	text('module-title', name);
	text('repr', state.doc.repr || '');
	drawTree();
	drawParameters();
	const inputs = metadata.inputs?.length ? metadata.inputs : [{name: 'input', datatype: 'FP32', shape: [-1]}];
	if (other || JSON.stringify(inputs) !== JSON.stringify(state.inputs)) {
		state.inputs = inputs;
		drawInputs();
	}
	$('view-tabs').hidden = !hasGraph(state.doc);
	state.graph &&= hasGraph(state.doc);
	showView();
	drawPlaces();
	drawList();
}

const kind = node => node.class || node.type || '';
const hasGraph = node => Array.isArray(node.graph) || children(node).some(hasGraph);
const children = node => Array.isArray(node.modules) ? node.modules
	: Object.entries(node.modules || {}).map(([name, child]) => ({name, ...child}));

const noArguments = new Set(('name type class modules graph dtype training parameters buffers hooks version repr input_name output_name '
	+ 'compat inplace tied ref seed damaged own_parameters own_buffers').split(' '));

/** Sizes by place, no usual bias. */
const args = node => Object.entries(node).filter(([name, value]) => !noArguments.has(name) && value !== null && (name !== 'bias' || !value))
	.map(([name, value]) => (/^(in|out)_[cf]/.test(name) ? '' : `${name}=`) + python(value)).join(', ');

const python = value => Array.isArray(value) ? `[${value.map(python).join(', ')}]`
	: JSON.stringify(value).replace(/^true$/, 'True').replace(/^false$/, 'False');

// ---- The tree

const rows = new Map();

function drawTree() {
	const focused = $('tree').contains(document.activeElement) ? document.activeElement.dataset.path : null;
	rows.clear();
	show('tree', branch(state.doc, '', state.doc.name, 1));
	drawFired();
	mark();
	if (focused !== null) rows.get(focused)?.item.focus();
}

function branch(node, path, label, level) {
	const inner = children(node);
	const span = (name, ...parts) => el('span', {class: name}, ...parts);
	const [order, share, fill, chips] = [span('order'), span('share'), el('i'), el('div', {class: 'chips'})];
	const fold = el('span', {'aria-hidden': 'true', onclick: event => {
		event.stopPropagation();
		expand(item, item.getAttribute('aria-expanded') === 'false');
	}}, inner.length ? '▾' : '');
	const row = el('div', {class: 'row', onclick: () => { choose(path); item.focus(); }}, fold,
		span('what', el('b', {}, label), el('span', {}, ` ${kind(node)}(${args(node)})`)), order, share, span('bar', fill));
	const item = el('li', {role: 'treeitem', 'data-path': path, 'aria-level': level, 'aria-selected': 'false', tabindex: -1,
		'aria-expanded': inner.length ? 'true' : null}, row, chips);
	rows.set(path, {item, row, fold, order, share, fill, chips});
	if (inner.length) {
		item.append(el('ul', {role: 'group'}, ...inner.map(child =>
			branch(child, path ? `${path}.${child.name}` : child.name, child.name, level + 1))));
	}
	return item;
}

function expand(item, opened) {
	item.setAttribute('aria-expanded', opened);
	item.lastChild.hidden = !opened;
	rows.get(item.dataset.path).fold.textContent = opened ? '▾' : '▸';
}

function treeKey(event) {
	const item = event.target.closest('[role=treeitem]');
	if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
	const shown = [...rows.values()].map(row => row.item).filter(other => !other.parentElement.closest('[hidden]'));
	const index = shown.indexOf(item);
	const opened = item.getAttribute('aria-expanded');
	const pick = () => choose(item.dataset.path);
	const move = {
		ArrowDown: () => shown[index + 1], ArrowUp: () => shown[index - 1], Home: () => shown[0], End: () => shown.at(-1),
		ArrowRight: () => opened === 'false' ? expand(item, true) : opened && shown[index + 1],
		ArrowLeft: () => opened === 'true' ? expand(item, false) : item.parentElement.closest('[role=treeitem]'),
		Enter: pick, ' ': pick,
	}[event.key];
	if (!move) return;
	event.preventDefault();
	const target = move();
	if (target?.focus) target.focus();
}

function choose(path, node) {
	const wanted = new URLSearchParams({module: state.doc.name});
	if (path) wanted.set('path', path);
	if (node) wanted.set('node', node);
	history.replaceState(null, '', `#${wanted}`);
	select(path, node);
}

/** A module, or a parameter and the module that has it. */
function select(path, node = null) {
	const names = tensors().map(({name}) => name);
	const owner = names.includes(path) ? parent(path) : rows.has(path) ? path : '';
	const changed = owner !== state.path || node !== state.node;
	Object.assign(state, {path: owner, node});
	mark();
	const choice = $('tensor-choice');
	if (names.includes(path)) choice.value = path;
	else if (changed || !choice.value) choice.value = names.find(name => !owner || name.startsWith(`${owner}.`)) || '';
	if (changed && state.graph) drawGraph();
	if (changed) drawPlaces(placeValue(owner, node));
	drawTensor();
}

function mark() {
	for (const [path, {item}] of rows) {
		item.setAttribute('aria-selected', path === state.path);
		item.tabIndex = path === state.path ? 0 : -1;
	}
}

// ---- What a call did

function light(events, callHooks = []) {
	const [order, time, counters, places, nodes] = [[], new Map(), new Map(), new Map(), []];
	for (const event of events) {
		if (event.event === 'forward_begin' && !order.includes(event.module)) order.push(event.module);
		if (event.event === 'forward_end') add(time, event.module, event.nanoseconds);
		if (event.node) nodes.push(graphNode(event.node));
		if (event.event.endsWith('_hook')) count(event, callHooks, counters);
	}
	for (const [path, {item, order: place, share, fill}] of rows) {
		const part = time.has(path) ? `${Math.round(100 * time.get(path) / (time.get('') || 1))}%` : '';
		write(share, part);
		share.title = duration(time.get(path));
		fill.style.width = part || '0';
		if (!path || !order.includes(path)) {
			write(place, '');
			delete item.dataset.order;
		}
	}
	for (const path of order.filter(path => path && rows.has(path))) {
		rows.get(path).item.dataset.order = add(places, parent(path));
		write(rows.get(path).order, `${places.get(parent(path))}.`);
	}
	drawFired();
	flash(order.map(path => rows.get(path)?.row));
	flash(nodes);
}

/** A trace tells a hook's id, or its place among the call's. */
function count({event, module, hook}, callHooks, counters) {
	const kind = event.slice(0, -5);
	const here = other => other.kind === kind && !other.node && (other.everywhere || (other.module || '') === module);
	const labels = [...state.hooks.filter(here).map(label), ...callHooks.filter(here).map(other => label({...other, id: 'of this call'}))];
	const place = add(counters, `${module}/${kind}`) - 1;
	if (!state.fired.has(module)) state.fired.set(module, new Map());
	add(state.fired.get(module), labels[place % labels.length] || `${kind} ${hook}`);
}

const label = ({kind, id, action}) => `${kind} ${id} ${action.type}`;

function drawFired() {
	for (const [path, {chips}] of rows) {
		const fired = state.fired.get(path) || new Map();
		const quiet = state.hooks.filter(hook => !hook.everywhere && (hook.module || '') === path).map(label).filter(words => !fired.has(words));
		if (fired.size + quiet.length + chips.children.length) {
			chips.replaceChildren(...[...fired].map(([words, times]) => el('span', {class: 'chip fired'}, `${words} × ${times}`)),
				...quiet.map(words => el('span', {class: 'chip'}, words)));
		}
	}
}

function flash(parts) {
	const step = still.matches ? 0 : Math.min(70, 700 / parts.length);
	const turn = (part, lit, after) => setTimeout(() => part?.classList.toggle('lit', lit), after);
	parts.forEach((part, place) => { turn(part, true, step * place); turn(part, false, step * place + 900); });
}

// ---- Live

function stopStream() {
	state.stream?.abort();
	state.stream = state.streamed = null;
}

async function listen() {
	const wanted = state.live && !document.hidden ? state.name : null;
	if (wanted === state.streamed) return;
	stopStream();
	if (!wanted) return;
	const stream = new AbortController();
	Object.assign(state, {stream, streamed: wanted});
	try {
		const answer = await send(at(wanted, '/events?kind=trace,capture'), {accept: 'text/event-stream', signal: stream.signal});
		await taken(answer);
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		for (let rest = ''; ;) {
			const {value, done} = await reader.read();
			if (done) break;
			const blocks = (rest + value).split('\n\n');
			rest = blocks.pop();
			blocks.forEach(happened);
		}
	} catch (error) {
		if (error instanceof Refused && state.stream === stream) {
			setLive(false);
			text('live-problem', words(error));
		}
	}
	if (state.stream === stream) state.stream = state.streamed = null;
}

function happened(block) {
	const [, event, json] = block.match(/^event: (\w+)\ndata: (.*)$/m) || [];
	const data = json && JSON.parse(json);
	if (data?.name !== state.name) return;
	// The page's own calls light by their own answers.
	if (event === 'trace' && Date.now() > state.quiet) light(data.events);
	if (event === 'capture') {
		state.captures.set(`hook ${data.hook}`, data);
		drawCaptures();
	}
}

function setLive(live) {
	state.live = live;
	$('live').setAttribute('aria-pressed', live);
	text('live', live ? 'Live on' : 'Live off');
	text('live-problem', '');
	listen();
}

// ---- Tensors

const tensors = () => [...state.doc.parameters || [], ...state.doc.buffers || []];

function drawParameters() {
	const before = $('tensor-choice').value;
	show('tensor-choice', ...tensors().map(({name, shape}) => el('option', {value: name}, `${name}  ${shape.join(' × ') || 'scalar'}`)));
	if (tensors().some(({name}) => name === before)) $('tensor-choice').value = before;
}

async function drawTensor() {
	const [path, pool] = [$('tensor-choice').value, $('pool').value];
	const wanted = [state.name, path, pool, state.doc.version].join('\n');
	if (drawTensor.shown === wanted) return;
	drawTensor.shown = wanted;
	if (!path) return show('tensor-view', note('This module has no parameters and no buffers.'));
	const parts = await ask(at(state.name, `/parameters/${encodeURIComponent(path)}/summary?pool=${pool}`)).then(summaryParts, error => [refusal(error)]);
	if (drawTensor.shown === wanted) show('tensor-view', ...parts);
}

function summaryParts({parameter, shape, pool, matrix, histogram, statistics}) {
	const figures = Object.entries(statistics).filter(([, value]) => value !== null);
	const table = el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Numbers of ${parameter}`});
	const numbers = el('details', {ontoggle: () => table.firstChild || table.append(el('table', {}, el('tbody', {}, ...matrix.map((row, place) =>
		el('tr', {}, el('th', {scope: 'row'}, `${place}`), ...row.map(value => el('td', {}, number(value))))))))}, el('summary', {}, 'Numbers'), table);
	return [
		heatMap(matrix, `${parameter}, ${shape.join(' by ') || 'scalar'}, ${pool === 'mean' ? 'means' : 'largest magnitudes'}`),
		el('div', {class: 'figures'}, ...figures.map(([key, value]) => el('div', {}, el('span', {}, `${key.replace('_', ' ')} `), number(value)))),
		histogram ? bars(histogram.counts, number(histogram.min), number(histogram.max), `Histogram of ${parameter}`) : '', numbers,
	];
}

/** Blue below zero, orange above, purple where there is no number. */
function colour(value, extent) {
	if (!Number.isFinite(value)) return [90, 0, 90, 255];
	const share = Math.min(1, Math.abs(value) / extent) ** 0.8;
	return [...(value < 0 ? [33, 102, 172] : [190, 84, 0]).map(end => 247 + (end - 247) * share), 255];
}

function heatMap(matrix, label) {
	const [height, width] = [matrix.length, matrix[0]?.length];
	if (!width) return note(`${label}: no elements.`);
	const values = matrix.flat().map(Number);
	const finite = values.filter(Number.isFinite);
	const range = finite.length ? `from ${number(Math.min(...finite))} to ${number(Math.max(...finite))}` : 'nothing finite';
	const extent = Math.max(...finite.map(Math.abs)) || 1;
	const canvas = el('canvas', {width, height, role: 'img', tabindex: 0, 'aria-label': `${label}, ${range}`});
	canvas.style.aspectRatio = `${width} / ${Math.max(height, width / 12)}`;
	canvas.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(values.flatMap(value => colour(value, extent))), width, height), 0, 0);
	const cell = note(`${height} × ${width}, ${range}. Point at a cell, or use the arrow keys.`);
	let [row, column] = [0, 0];
	const tell = (y, x) => {
		[row, column] = [Math.max(0, Math.min(height - 1, y)), Math.max(0, Math.min(width - 1, x))];
		write(cell, `row ${row}, column ${column}: ${number(matrix[row][column])}`);
	};
	canvas.addEventListener('pointermove', ({offsetX, offsetY}) =>
		tell(Math.floor(offsetY / canvas.clientHeight * height), Math.floor(offsetX / canvas.clientWidth * width)));
	canvas.addEventListener('keydown', event => {
		const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
		if (!step) return;
		event.preventDefault();
		tell(row + step[0], column + step[1]);
	});
	return el('div', {}, canvas, cell);
}

function bars(counts, low, high, label) {
	const top = Math.max(...counts, 1);
	const parts = counts.map(() => el('i'));
	counts.forEach((count, place) => { parts[place].style.height = `${100 * count / top}%`; });
	return el('div', {}, el('div', {class: 'bars', role: 'img', 'aria-label': `${label}, from ${low} to ${high}, at most ${top} in a bin`}, ...parts),
		el('div', {class: 'ends', 'aria-hidden': 'true'}, el('span', {}, low), el('span', {}, high)));
}

function drawCaptures() {
	const parts = [...state.captures].map(([words, {kind, module, node, data, shape}]) => {
		const flat = [data].flat(Infinity).map(Number);
		const finite = flat.filter(Number.isFinite);
		const title = `${kind} of ${placeWords(module, node)}, ${words}`;
		return el('div', {'data-capture': words}, el('p', {}, title),
			flat.length <= 16 ? el('code', {}, `[${flat.map(number).join(', ')}]`) : heatMap(pooled(flat, shape.length > 1 ? shape[0] : 1), title),
			note(`${shape.join(' × ') || 'scalar'}, mean ${number(finite.reduce((sum, value) => sum + value, 0) / (finite.length || 1))}, `
				+ `zeros ${flat.filter(value => value === 0).length} of ${flat.length}`));
	});
	show('captures', ...(parts.length ? parts : [note('Nothing yet: add a capture hook and call.')]));
}

/** The first axis by all others, pooled as the server does. */
function pooled(flat, height) {
	const width = flat.length / height;
	const [rows, columns] = [Math.min(64, height), Math.min(64, width)];
	const matrix = Array.from({length: rows}, () => Array(columns).fill(0));
	flat.forEach((value, index) => {
		const i = Math.floor(((Math.floor(index / width) + 1) * rows - 1) / height);
		const j = Math.floor(((index % width + 1) * columns - 1) / width);
		if (Number.isNaN(value) || Math.abs(value) > Math.abs(matrix[i][j])) matrix[i][j] = value;
	});
	return matrix;
}

// ---- Trying a call

const isWhole = input => /^(U?INT|BOOL)/.test(input.datatype);

function drawInputs() {
	show('inputs', ...state.inputs.flatMap(({name, datatype, shape}, index) => [
		el('label', {for: `input-${index}`}, `${name}  ${datatype}  ${shape.map(size => size < 0 ? 'any' : size).join(' × ')}`),
		el('textarea', {id: `input-${index}`, spellcheck: 'false'})]));
	let next = 0;
	fill(input => isWhole(input) ? 0 : ++next);
}

function fill(value) {
	text('try-problem', '');
	state.inputs.forEach((input, index) => {
		const shape = input.shape.map(size => size < 0 ? 1 : size);
		const count = shape.reduce((product, size) => product * size, 1);
		const make = depth => depth === shape.length ? value(input) : Array.from({length: shape[depth]}, () => make(depth + 1));
		if (count > 1e6) text('try-problem', `${input.name} has ${count} elements: call from a shell.`);
		else $(`input-${index}`).value = JSON.stringify(make(0)).replaceAll(',', ', ');
	});
}

/** The same numbers for a seed in every browser. */
const random = seed => input => {
	seed = Math.imul(seed ^ seed >>> 15, 747796405) + 1831565813 | 0;
	const uniform = (seed >>> 0) / 4294967296;
	return isWhole(input) ? Math.round(uniform) : Number((2 * uniform - 1).toFixed(4));
};

const actions = {
	capture: '', mask: '"indices": [1]', scale: '"value": 2', add: '"value": 1', replace: '"value": 0', clamp: '"min": 0, "max": 1',
	normalize: '"mean": 0, "std": 1', activation: '"name": "ReLU"', topk: '"k": 1', project_out: '"direction": [1]', statistics: '',
	assert_finite: '', assert_range: '"min": -100, "max": 100', assert_shape: '"shape": [-1]', log: '"level": "info"',
};

const placeValue = (path, node) => JSON.stringify(node ? [path, node] : [path]);
const placeWords = (path, node) => (node ? `node ${node}${path && ` of ${path}`}` : path || 'the whole module');

function drawPlaces(wanted = $('hook-place').value) {
	const places = [...rows.keys()].map(path => [path]);
	if (state.node) places.push([state.path, state.node]);
	show('hook-place', ...places.map(place => el('option', {value: placeValue(...place)}, placeWords(...place))));
	$('hook-place').value = wanted;
	if (!$('hook-place').value) $('hook-place').value = placeValue('');
}

function addHook() {
	try {
		const [module, node] = JSON.parse($('hook-place').value);
		const action = {type: $('hook-action').value, ...JSON.parse(`{${$('hook-fields').value}}`)};
		state.callHooks.push({kind: $('hook-kind').value, module, node, action});
		text('try-problem', '');
		drawCallHooks();
	} catch (error) { text('try-problem', `The fields of the hook are not JSON: ${error.message}`); }
}

function drawCallHooks() {
	const list = state.callHooks.map(({kind, module, node, action}, index) => {
		const words = `${action.type} at ${placeWords(module, node)} (${kind})`;
		return el('li', {class: 'hook'}, el('code', {}, words), el('button', {type: 'button', 'aria-label': `Remove ${words}`, onclick: () => {
			state.callHooks.splice(index, 1);
			drawCallHooks();
			$('hook-add').focus();
		}}, '×'));
	});
	show('hook-list', ...(list.length ? list : [el('li', {class: 'note'}, 'None.')]));
}

function callBody(hooks) {
	const values = state.inputs.map(({name}, index) => {
		try { return JSON.parse($(`input-${index}`).value); } catch (error) { throw new SyntaxError(`${name} is not JSON: ${error.message}`); }
	});
	return JSON.stringify({...(values.length === 1 ? {input: values[0]} : {inputs: values}), hooks: hooks.length ? hooks : undefined});
}

async function call(event) {
	event.preventDefault();
	text('try-problem', '');
	const [name, hooks] = [state.name, [...state.callHooks]];
	state.quiet = Infinity;
	try {
		const {events, captures = []} = await ask(at(name, '/trace'), {method: 'POST', body: callBody(hooks)});
		light(events, hooks);
		for (const capture of captures) {
			state.captures.set(`this call ${[capture.hook, capture.output].filter(part => part != null).join('.')}`, {node: hooks[capture.hook]?.node, ...capture});
		}
		if (captures.length) drawCaptures();
		// Text has no captures: the printout is of a second call.
		const printed = await ask(at(name, '/call'), {method: 'POST', accept: 'text/plain', body: callBody(printable())});
		show('answer', el('pre', {id: 'printed', tabindex: 0, 'aria-label': 'Answer'}, printed.trimEnd()),
			note(`Traced in ${duration(events.at(-1)?.nanoseconds)}. The printout is of a second call, without captures.`));
	} catch (error) {
		show('answer');
		text('try-problem', error instanceof SyntaxError ? error.message : words(error));
	}
	state.quiet = Date.now() + 300;
}

const printable = () => state.callHooks.filter(hook => hook.action.type !== 'capture');

function showCode(make) {
	try {
		const body = callBody(printable());
		text('try-problem', '');
		text('code', make(`${origin()}/${at(state.name, '/call')}`, body));
		$('code').hidden = false;
		$('code').focus();
	} catch (error) { text('try-problem', error.message); }
}

const asCurl = (url, body) => `curl -s ${url} -H 'Content-Type: application/json' -H 'Accept: text/plain'${keyField()} -d '${body.replaceAll("'", `'\\''`)}'`;

const asPython = (url, body) => `import ${state.key ? 'os, ' : ''}urllib.request

request = urllib.request.Request(${JSON.stringify(url)}, ${JSON.stringify(body)}.encode(), {
		"Content-Type": "application/json", "Accept": "text/plain",${state.key ? '\n    "Authorization": "Bearer " + os.environ["CALLPATH_KEY"],' : ''}
})
print(urllib.request.urlopen(request).read().decode(), end="")`;

// ---- Latency

const histograms = {callpath_http_request_duration_seconds: 'request', callpath_compute_seconds: 'compute',
	callpath_queue_wait_seconds: 'queue', callpath_batch_rows: 'rows a batch'};

function readMetrics(exposed) {
	const sample = {time: Date.now(), started: 0, calls: 0, queue: 0, buckets: new Map()};
	for (const line of exposed.split('\n')) {
		const [, name, labels = '', value] = line.match(/^(\w+)(\{.*\})? (\S+)$/) || [];
		if (name === 'process_start_time_seconds') sample.started = Number(value);
		if (name === 'callpath_module_calls_total') sample.calls += Number(value);
		if (name === 'callpath_queue_calls') sample.queue = Number(value);
		const histogram = name?.endsWith('_bucket') && histograms[name.slice(0, -7)];
		if (!histogram || (histogram === 'request' && !/(call|trace|backward|infer|invocations)"/.test(labels))) continue;
		if (!sample.buckets.has(histogram)) sample.buckets.set(histogram, new Map());
		add(sample.buckets.get(histogram), labels.match(/le="([^"]+)"/)[1].replace('+Inf', 'Infinity'), Number(value));
	}
	return sample;
}

function recent(name) {
	const [first, last] = [state.samples[0].buckets.get(name), state.samples.at(-1).buckets.get(name) || new Map()];
	let below = 0;
	return [...last].map(([edge, value]) => [Number(edge), value - (first?.get(edge) || 0)]).sort((a, b) => a[0] - b[0])
		.map(([edge, upTo]) => ({edge, count: upTo - below, below: (below = upTo)}));
}

function quantile(buckets, share, whole) {
	const wanted = share * (buckets.at(-1)?.below || 0);
	const index = buckets.findIndex(({count, below}) => count && below >= wanted);
	if (!wanted || index < 0) return null;
	const [{edge, count, below}, lower] = [buckets[index], buckets[index - 1]?.edge || 0];
	return edge === Infinity ? lower : whole ? edge : lower + (edge - lower) * (wanted - below + count) / count;
}

function drawLatency() {
	const [before, last] = [state.samples.at(-2), state.samples.at(-1)];
	const time = value => value === null ? '–' : duration(value * 1e9);
	const request = recent('request');
	text('rate', before ? short(Math.max(0, last.calls - before.calls) * 1000 / (last.time - before.time)) : '–');
	text('queue', `${last.queue}`);
	text('p50', time(quantile(request, 0.5)));
	text('p99', time(quantile(request, 0.99)));
	const body = $('latency-table').tBodies[0];
	Object.values(histograms).forEach((name, index) => {
		const [buckets, unit] = [recent(name), name === 'rows a batch' ? value => value === null ? '–' : short(value) : time];
		const row = body.rows[index] || body.appendChild(el('tr', {}, el('th', {scope: 'row'}), el('td'), el('td'), el('td')));
		[name, `${buckets.at(-1)?.below || 0}`, ...[0.5, 0.99].map(share => unit(quantile(buckets, share, unit !== time)))]
			.forEach((words, place) => write(row.cells[place], words));
	});
	const total = request.at(-1)?.below || 0;
	if (total === drawLatency.shown) return;
	drawLatency.shown = total;
	show('latency-bars', total ? bars(request.slice(0, -1).map(bucket => bucket.count), time(request[0].edge), time(request.at(-2).edge), 'Requests by time')
		: note('No call in the last minute.'));
}

// ---- The graph of a GraphModule

const graphNode = name => document.querySelector(`#graph [data-node="${CSS.escape(name)}"]`);

function graphOf(path) {
	let node = state.doc;
	for (const key of path ? path.split('.') : []) node = node && children(node).find(child => child.name === key);
	return node?.graph;
}

function showView() {
	$('tree').hidden = state.graph;
	$('graph').hidden = !state.graph;
	$('show-tree').setAttribute('aria-pressed', !state.graph);
	$('show-graph').setAttribute('aria-pressed', state.graph);
	if (state.graph) drawGraph();
}

function namesIn(value) {
	if (Array.isArray(value)) return value.flatMap(namesIn);
	if (!value || typeof value !== 'object') return [];
	return typeof value.node === 'string' ? [value.node] : Object.values(value).flatMap(namesIn);
}

/** A node lies one layer beyond its latest argument, edges take a slot in each between. */
function layout(nodes) {
	const places = new Map(nodes.map(node => [node.name || 'output', {node, name: node.name || 'output', users: [], layer: 0}]));
	for (const place of places.values()) {
		place.sources = [...new Set(namesIn([place.node.args, place.node.kwargs]))].map(name => places.get(name)).filter(Boolean);
		place.layer = Math.max(-1, ...place.sources.map(source => source.layer)) + 1;
		place.sources.forEach(source => source.users.push(place));
	}
	for (const place of places.values()) {
		if (place.node.op === 'get_attr' && place.users.length) place.layer = Math.max(0, Math.min(...place.users.map(user => user.layer)) - 1);
	}
	const levels = [];
	const put = place => (levels[place.layer] ||= []).push(Object.assign(place, {up: [], down: []}));
	places.forEach(put);
	const edges = [...places.values()].flatMap(place => place.sources.map(source => {
		const way = [source];
		for (let layer = source.layer + 1; layer < place.layer; layer++) {
			way.push({layer, slot: true});
			put(way.at(-1));
		}
		way.push(place);
		way.slice(1).forEach((next, step) => { next.up.push(way[step]); way[step].down.push(next); });
		return {from: source.name, to: place.name, way};
	}));
	untangle(levels);
	return {places, levels, edges};
}

/** By medians, down and up. */
function untangle(levels) {
	const number = level => level.forEach((place, rank) => { place.rank = rank; });
	const median = others => others.map(other => other.rank).sort((a, b) => a - b)[others.length >> 1];
	levels.forEach(number);
	for (const side of ['up', 'down', 'up', 'down', 'up', 'down']) {
		for (const level of side === 'up' ? levels : [...levels].reverse()) {
			for (const place of level) place.middle = median(place[side]) ?? place.rank;
			level.sort((a, b) => a.middle - b.middle || a.rank - b.rank);
			number(level);
		}
	}
}

const [wide, high, gap] = [158, 38, 18];

function drawGraph() {
	let path = state.path;
	while (path && !graphOf(path)) path = parent(path);
	const nodes = graphOf(path);
	if (!nodes) return show('graph-scroll', note('This module has no graph.'));
	if (nodes.length > 500) {
		return show('graph-scroll', el('ol', {}, ...nodes.map(node => el('li', {'data-node': node.name || 'output'},
			`${node.name || 'output'}: ${node.op} ${node.target || ''} (${namesIn([node.args, node.kwargs]).join(', ')})`))));
	}
	const {places, levels, edges} = layout(nodes);
	const [across, along, step] = state.turned ? [high, wide, wide + 42] : [wide, high, 74];
	const breadth = level => level.reduce((sum, place) => sum + (place.slot ? 0 : across) + gap, 0);
	const [breadths, length] = [Math.max(...levels.map(breadth)) + gap, (levels.length - 1) * step + along + gap];
	levels.forEach((level, depth) => {
		let x = (breadths - breadth(level)) / 2;
		for (const place of level) {
			const size = place.slot ? 0 : across;
			place.at = [x + gap / 2 + size / 2, depth * step + (along + gap) / 2];
			x += size + gap;
		}
	});
	const turn = ([x, y]) => state.turned ? [y, x] : [x, y];
	const lines = edges.map(({from, to, way}) => svg('path', {class: 'edge', 'data-from': from, 'data-to': to, d: curve(way, along / 2, turn)}));
	const shapes = [...places.values()].map(place => shape(place, turn(place.at), path, places));
	shapes[0].setAttribute('tabindex', 0);
	const [width, height] = turn([breadths, length]);
	show('graph-scroll', svg('svg', {width, height, role: 'group', 'aria-label': `Graph of ${nodes.length} nodes`}, ...lines, ...shapes));
}

function curve(way, half, turn) {
	const point = ({at: [x, y]}, by) => turn([x, y + by]).join();
	return way.slice(1).reduce((line, place, step) => {
		const before = way[step];
		const middle = (before.at[1] + place.at[1]) / 2;
		const [bend, end] = [[before.at[0], middle], [place.at[0], middle]].map(at => turn(at).join());
		return `${line}C${bend} ${end} ${point(place, -half)}${place.slot ? `L${point(place, half)}` : ''}`;
	}, `M${point(way[0], half)}`);
}

function shape(place, [x, y], path, places) {
	const {node: {op, target}, name} = place;
	const [w, h] = [wide / 2, high / 2];
	const polygon = points => svg('polygon', {points});
	const outline = {
		placeholder: () => polygon(`${-w},${-h} ${w},${-h} ${w - 14},${h} ${14 - w},${h}`),
		output: () => polygon(`${14 - w},${-h} ${w - 14},${-h} ${w},${h} ${-w},${h}`),
		get_attr: () => polygon(`${-w},0 ${14 - w},${-h} ${w - 14},${-h} ${w},0 ${w - 14},${h} ${14 - w},${h}`),
	}[op] || (() => svg('rect', {x: -w, y: -h, width: wide, height: high, rx: op === 'call_module' ? 3 : h}));
	const words = `${op.replace('_', ' ')}${target && target !== name ? ` ${target}` : ''}`;
	const line = (text, y, limit, style) => svg('text', {class: style, 'text-anchor': 'middle', y}, text.length > limit ? `${text.slice(0, limit - 1)}…` : text);
	const tapped = state.callHooks.some(captures(path, name));
	return svg('g', {class: `node${name === state.node ? ' chosen' : ''}`, 'data-node': name, transform: `translate(${x} ${y})`, tabindex: -1,
		role: 'button', 'aria-pressed': op === 'call_module' ? null : tapped, 'aria-label': `${name}: ${words}`, onclick: () => pick(place, path), onkeydown: event => graphKey(event, place, path, places)},
	outline(), line(tapped ? `● ${name}` : name, -2, 20, 'name'), line(words, 12, 26, 'op'));
}

const captures = (path, name) => hook => hook.module === path && hook.node === name && hook.action.type === 'capture';

/** Opens the module of a node that calls one; captures another's value, or no more. */
function pick({node: {op, target}, name}, path) {
	if (op === 'call_module') return choose(path ? `${path}.${target}` : target);
	const others = state.callHooks.filter(hook => !captures(path, name)(hook));
	if (others.length === state.callHooks.length) others.push({kind: 'forward', module: path, node: name, action: {type: 'capture'}});
	state.callHooks = others;
	drawCallHooks();
	choose(path, name);
	drawGraph();
	graphNode(name)?.focus();
}

function graphKey(event, place, path, places) {
	const keys = ['ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft'];
	const [forth, back, next, before] = state.turned ? [keys[2], keys[3], keys[0], keys[1]] : keys;
	const beside = by => [...places.values()].find(other => other.layer === place.layer && other.rank === place.rank + by);
	const move = {[forth]: () => place.users[0], [back]: () => place.sources[0], [next]: () => beside(1), [before]: () => beside(-1),
		Enter: () => pick(place, path), ' ': () => pick(place, path)}[event.key];
	if (!move) return;
	event.preventDefault();
	const target = move();
	if (target) graphNode(target.name).focus();
}

// ---- The reference

async function drawReference() {
	try {
		const contract = await ask('openapi.json');
		const resolve = part => part?.$ref ? part.$ref.slice(2).split('/').reduce((inner, key) => inner[key], contract) : part;
		show('operations', ...Object.entries(contract.paths).flatMap(([path, item]) => Object.entries(item).filter(([, {operationId}]) => operationId)
			.map(([method, operation]) => {
				const details = el('details', {id: `operation-${operation.operationId}`, ontoggle: () => {
					if (!details.children[1]) details.append(operationBody(path, method.toUpperCase(), {...operation, shared: item.parameters || []}, resolve));
				}}, el('summary', {}, el('code', {}, `${method.toUpperCase()} ${path}`), ` ${operation.summary}`));
				return details;
			})));
		openReference();
	} catch (error) { show('operations', refusal(error)); }
}

function operationBody(path, method, {operationId: id, description, shared, parameters = [], requestBody}, resolve) {
	const fields = [...shared, ...parameters].map(resolve).filter(parameter => parameter.in !== 'header').map(parameter => ({parameter,
		input: el('input', {id: `${id}-${parameter.name}`, value: parameter.in === 'path' && parameter.name === 'name' ? state.name || '' : ''})}));
	const media = resolve(requestBody)?.content['application/json'];
	const body = media && el('textarea', {id: `${id}-body`, spellcheck: 'false'},
		JSON.stringify(media.example ?? resolve(Object.values(media.examples || {})[0])?.value ?? {}, null, 1));
	const result = el('div', {role: 'status'});
	return el('div', {class: 'body'}, description ? note(description) : null, ...fields.flatMap(({parameter, input}) => [
		el('label', {for: input.id}, `${parameter.name} (${parameter.in}${parameter.required ? ', required' : ''}) ${parameter.description || ''}`), input]),
		...(body ? [el('label', {for: body.id}, 'Body, JSON'), body] : []),
		el('div', {class: 'controls'}, el('button', {type: 'button', onclick: () => run(path, method, fields, body, result)}, 'Run')), result);
}

async function run(path, method, fields, body, result) {
	const query = new URLSearchParams();
	for (const {parameter: {name, in: place}, input: {value}} of fields) {
		if (place === 'path') path = path.replace(`{${name}}`, () => encodeURIComponent(value));
		else if (value) query.set(name, value);
	}
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), 5000);
	try {
		const answer = await send(`.${path}?${query}`.replace(/\?$/, ''), {method, body: body?.value, accept: '*/*', signal: stop.signal});
		const said = await answer.text();
		result.replaceChildren(el('p', {}, `${answer.status}, ${said.length} characters`),
			el('pre', {tabindex: 0, 'aria-label': 'Answer'}, said.slice(0, 20000)));
	} catch (error) {
		result.replaceChildren(stop.signal.aborted ? note('An answer that goes on: left after 5 s.') : refusal(error));
	}
	clearTimeout(timer);
}

function openReference() {
	const details = $(`operation-${address().get('reference')}`);
	if (details) details.open = true;
	if (details || location.hash === '#reference') (details || $('reference')).scrollIntoView();
}

// ---- Words and numbers

const number = value => `${Number.isInteger(value) ? value : Number(Number(value).toPrecision(5))}`;

const short = value => value >= 100 ? `${Math.round(value)}` : `${Number(value.toPrecision(2))}`;

function duration(nanoseconds) {
	if (!Number.isFinite(nanoseconds)) return '';
	const [size, unit] = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']].find(([size]) => nanoseconds >= size || size === 1);
	return `${short(nanoseconds / size)} ${unit}`;
}

// ---- Controls

function openKey(opened) {
	$('key').hidden = !opened;
	$('key-open').setAttribute('aria-expanded', opened);
}

function useKey(event) {
	event.preventDefault();
	state.key = $('key-value').value.trim();
	$('key-value').value = '';
	if ($('key-keep').checked && state.key) sessionStorage.setItem('callpath-key', state.key);
	else sessionStorage.removeItem('callpath-key');
	text('key-problem', '');
	openKey(false);
	stopStream();
	state.name = drawTensor.shown = null;
	enter('loading');
	tick().then(drawReference);
}

async function makeExample() {
	const linear = (inputs, outputs) => ({type: 'Linear', in_features: inputs, out_features: outputs});
	const body = JSON.stringify({name: 'example', type: 'Sequential', seed: 0, modules: [linear(4, 3), {type: 'ReLU'}, linear(3, 2)]});
	try {
		await ask('v1/modules', {method: 'POST', body});
		await tick();
		$('call').focus();
	} catch (error) { text('example-problem', words(error)); }
}

show('hook-action', ...Object.keys(actions).map(name => el('option', {}, name)));
on('hook-action', 'change', () => { $('hook-fields').value = actions[$('hook-action').value]; });
on('hook-add', 'click', addHook);
on('fill-ones', 'click', () => fill(() => 1));
on('fill-random', 'click', () => fill(random(Number($('fill-seed').value))));
on('try-form', 'submit', call);
on('as-curl', 'click', () => showCode(asCurl));
on('as-python', 'click', () => showCode(asPython));
on('tree', 'keydown', treeKey);
on('tensor-choice', 'change', () => choose($('tensor-choice').value));
on('pool', 'change', drawTensor);
on('filter', 'input', () => { Object.assign(state, {prefix: $('filter').value, modules: []}); tick(); });
on('module-list', 'scroll', ({target: list}) => { if (list.scrollTop + list.clientHeight > list.scrollHeight - 200) more(); });
on('live', 'click', () => setLive(!state.live));
on('key-open', 'click', () => openKey($('key').hidden));
on('key', 'submit', useKey);
on('make-example', 'click', makeExample);
on('show-tree', 'click', () => { state.graph = false; showView(); });
on('show-graph', 'click', () => { state.graph = true; showView(); });
on('graph-turn', 'click', () => {
	state.turned = !state.turned;
	$('graph-turn').setAttribute('aria-pressed', state.turned);
	drawGraph();
});
addEventListener('hashchange', () => { follow().catch(failed); openReference(); });
document.addEventListener('visibilitychange', () => document.hidden ? stopStream() : tick());
drawCallHooks();
