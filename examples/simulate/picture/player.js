// The rest of the page: the chart, the texts beside the picture, and the controls. drawing.js has the drawing, and comes first.
const inL = t => (t / L).toFixed(Math.abs(t) < 100 * L ? 1 : 0) + ' L'
const inTime = t => Math.abs(t) >= 1e6 ? (t / 1e6).toFixed(2) + ' s' : (t / 1e3).toFixed(1) + ' ms'
const reached = s => s.updates.length ? 'nodes that have it' : 'descriptors known'

function drawChart() {
	const c = $('chart'), g = fit(c), w = c.clientWidth, h = c.clientHeight - 14, pad = 8
	const x = t => pad + (t - scene.from) / (scene.to - scene.from) * (w - 2 * pad)
	const bins = Math.max(20, Math.floor((w - 2 * pad) / 5)), count = kinds.map(() => new Array(bins).fill(0)), sum = new Array(bins).fill(0)
	scene.frames.forEach((f, i) => {
		const b = Math.floor((f[2] - scene.from) / (scene.to - scene.from) * bins)
		if (b < 0 || b >= bins) return
		count[scene.kind[i]][b]++
		sum[b]++
	})
	const most = Math.max(...sum, 1), wide = (w - 2 * pad) / bins
	for (let b = 0; b < bins; b++) {
		let y = h
		kinds.forEach((k, i) => {
			const d = count[i][b] / most * (h - 4)
			g.fillStyle = css(k.name)
			g.globalAlpha = 0.65
			g.fillRect(pad + b * wide, y - d, wide - 1, d)
			y -= d
		})
	}
	g.globalAlpha = 1
	const whole = scene.updates.length ? scene.updates.length * film.nodes : film.nodes * (film.nodes - 1)
	let n = scene.updates.filter(u => u.at <= scene.from).length
	g.strokeStyle = css('ink')
	g.lineWidth = 1.5
	g.beginPath()
	const steps = [...scene.learned.map(l => l[2]), ...scene.updates.map(u => u.at)].sort((a, b) => a - b)
	g.moveTo(x(scene.from), h)
	n = 0
	for (const at of steps) {
		const t = Math.max(at, scene.from)
		g.lineTo(x(t), h - n / whole * (h - 4))
		n++
		g.lineTo(x(t), h - n / whole * (h - 4))
	}
	g.lineTo(x(scene.to), h - n / whole * (h - 4))
	g.stroke()
	g.fillStyle = css('soft')
	g.font = '11px system-ui, sans-serif'
	g.textAlign = 'left'
	g.fillText('bars: frames sent, by what is in them · line: ' + reached(scene), pad, h + 11)
	g.strokeStyle = css('accent')
	g.lineWidth = 2
	g.beginPath()
	g.moveTo(x(time), 0)
	g.lineTo(x(time), h)
	g.stroke()
}

// legend fills a list with rows of a mark, a name and a number that changes.
function legend(list, rows) {
	list.replaceChildren(...rows.map(({draw, text}) => {
		const li = document.createElement('li'), c = document.createElement('canvas'), name = document.createElement('span'), n = document.createElement('b')
		name.textContent = text
		li.append(c, name, n)
		requestAnimationFrame(() => draw(fit(c)))
		return li
	}))
	return [...list.querySelectorAll('b')]
}

function nodeRow(fill, text, is) {
	return {text, is, draw(g) {
		g.beginPath(); g.arc(9, 9, 6.5, 0, 7); g.fillStyle = typeof fill === 'string' ? fill : css('paper'); g.fill()
		if (typeof fill === 'function') fill(g)
		g.beginPath(); g.arc(9, 9, 6.5, 0, 7); g.strokeStyle = css('ink'); g.lineWidth = 1.2; g.stroke()
	}}
}
const halves = which => g => which.forEach(k => {
	g.beginPath(); g.arc(9, 9, 6.5, Math.PI / 2 + k * Math.PI, Math.PI * 1.5 + k * Math.PI); g.fillStyle = css('ab'[k]); g.fill()
})

// nodeRows says how nodes look in a scene.
function nodeRows(s) {
	const live = n => !n.down && !n.off, rows = []
	if (s.updates.length === 0) {
		const most = film.nodes - 1
		rows.push(nodeRow(css('paper'), 'not started', n => n.off))
		const names = ['knows few', 'a quarter', 'half', 'three quarters', 'all']
		const shade = n => n.known >= most ? 4 : Math.min(3, Math.floor((n.known + 1) / film.nodes * 4))
		names.forEach((name, k) => rows.push(nodeRow(hopColors[5 - k], name, n => live(n) && shade(n) === k)))
	} else if (s.split) {
		const is = (a, b) => n => live(n) && !!n.has[0] === a && !!n.has[1] === b
		rows.push(nodeRow(css('paper'), 'neither', is(false, false)), nodeRow(halves([0]), 'has A', is(true, false)),
			nodeRow(halves([1]), 'has B', is(false, true)), nodeRow(halves([0, 1]), 'both', is(true, true)))
	} else {
		const far = Math.max(0, ...s.learned.map(l => l[3]))
		rows.push(nodeRow(css('paper'), 'lacks it', n => live(n) && n.hops < 0), nodeRow(hopColors[0], 'wrote it', n => live(n) && n.hops === 0))
		for (let h = 1; h <= Math.min(far, hopColors.length - 1); h++) {
			const more = h === hopColors.length - 1 && far > h
			rows.push(nodeRow(hopColors[h], 'after ' + h + (h > 1 ? ' hops' : ' hop') + (more ? ' or more' : ''), n => live(n) && (more ? n.hops >= h : n.hops === h)))
		}
		if (s.down.length) rows.push(nodeRow(g => mark(g, 'cross', [9, 9], css('lost'), 4), 'crashed', n => n.down))
	}
	return rows
}

let rows, numbers, frameNumbers, noteItems
function choose(i) {
	scene = film.scenes[i]
	time = scene.from
	document.querySelectorAll('#scenes button').forEach((b, k) => b.setAttribute('aria-pressed', k === i))
	$('about').textContent = scene.about
	texts()
	noteItems = scene.notes.map(n => {
		const li = document.createElement('li'), at = document.createElement('span')
		at.textContent = Math.abs(n.at) < 100 * L ? inL(n.at) : inTime(n.at)
		li.append(at, n.text)
		li.onclick = () => { seek(n.at) }
		return li
	})
	$('notes').replaceChildren(...noteItems)
	hovered = -1
	draw()
}

// texts makes the legends, whose colours depend on the screen's.
function texts() {
	style = getComputedStyle(document.documentElement)
	rows = nodeRows(scene)
	numbers = legend($('nodes'), rows)
	frameNumbers = []
	const shown = kinds.map((k, i) => ({...k, i})).filter(k => scene.shown[k.i])
	legend($('frames'), shown.map(k => ({text: k.about, draw: g => mark(g, k.shape, [9, 9], css(k.name), 5)})))
		.forEach((b, n) => { frameNumbers[shown[n].i] = b })
	$('frames').className = 'legend wide'
}

function draw() {
	const c = $('picture'), g = fit(c), geo = layout(), nodes = state(scene, time)
	const cut = drawLinks(g, geo)
	const counts = drawFrames(g, geo)
	drawNodes(g, geo, nodes)
	if (scene.split) {
		g.fillStyle = css(cut ? 'lost' : 'soft')
		g.font = '600 13px system-ui, sans-serif'
		g.textAlign = 'center'
		g.fillText(cut ? 'cut' : scene.cut[0] > scene.from ? 'not cut yet' : 'healed', geo.w / 2, 12)
		g.strokeStyle = css(cut ? 'lost' : 'line')
		g.lineWidth = cut ? 2 : 1
		g.setLineDash([8, 6])
		g.beginPath(); g.moveTo(geo.w / 2, 24); g.lineTo(geo.w / 2, geo.h - 4); g.stroke()
		g.setLineDash([])
	}
	rows.forEach((r, i) => { numbers[i].textContent = nodes.filter(r.is).length })
	frameNumbers.forEach((b, k) => { b.textContent = counts[k] || '' })
	let now = -1
	scene.notes.forEach((n, i) => { if (n.at <= time) now = i })
	noteItems.forEach((li, i) => { li.className = i === now ? 'past now' : i < now ? 'past' : '' })
	$('time').textContent = inL(time) + ' · ' + inTime(time)
	const up = scene.links.filter(l => l[2] <= time && time < l[3]).length
	$('count').textContent = up + ' links · ' + (scene.updates.length ? scene.updates.map((u, i) => u.name + ': ' + nodes.filter(n => n.has[i] && !n.down).length + ' of ' + nodes.filter(n => !n.down).length + ' nodes').join(' · ') :
		(nodes.reduce((sum, n) => sum + n.known, 0) / film.nodes / (film.nodes - 1) * 100).toFixed(0) + ' % of all descriptors known')
	$('slider').value = Math.round((time - scene.from) / (scene.to - scene.from) * 10000)
	drawChart()
	tell(nodes)
}

// tell says more of the node that is pointed at.
function tell(nodes) {
	if (hovered < 0) { $('hover').textContent = 'Point at a node to see more of it.'; return }
	const n = nodes[hovered], links = scene.links.filter(l => l[2] <= time && time < l[3] && (l[0] === hovered || l[1] === hovered)).length
	let text = 'Node ' + hovered + ': ' + (n.down ? 'crashed' : n.off ? 'not started' : links + ' links')
	if (scene.updates.length === 0) text += ', knows ' + n.known + ' others'
	else if (n.at !== null) text += ', has ' + scene.updates.filter((_, i) => n.has[i]).map(u => u.name).join(' and ') + (n.hops > 0 ? ', over ' + n.hops + ' links' : '') + ', since ' + inL(n.at)
	$('hover').textContent = text + '.'
}

function seek(t) { time = Math.max(scene.from, Math.min(scene.to, t)); draw() }
function play(on) {
	playing = on
	$('play').textContent = on ? 'Pause' : 'Play'
	if (!on) return
	if (time >= scene.to) time = scene.from
	before = performance.now()
	requestAnimationFrame(step)
}
function step(now) {
	if (!playing) return
	time += (now - before) * 1000 / scene.play * (scene.to - scene.from) * speed
	before = now
	if (time >= scene.to) { time = scene.to; play(false) }
	draw()
	if (playing) requestAnimationFrame(step)
}

film.scenes.forEach((s, i) => {
	const b = document.createElement('button')
	b.type = 'button'
	b.textContent = i + 1 + '. ' + s.name
	b.onclick = () => { choose(i); play(true) }
	$('scenes').append(b)
})
$('play').onclick = () => play(!playing)
$('speed').onchange = e => { speed = Number(e.target.value) }
$('slider').oninput = e => { play(false); seek(scene.from + e.target.value / 10000 * (scene.to - scene.from)) }
$('chart').onclick = e => { play(false); seek(scene.from + (e.offsetX - 8) / ($('chart').clientWidth - 16) * (scene.to - scene.from)) }
$('picture').onmousemove = e => {
	const geo = layout()
	let best = 18, at = -1
	geo.places.forEach(([x, y], i) => {
		const d = Math.hypot(x - e.offsetX, y - e.offsetY)
		if (d < best) { best = d; at = i }
	})
	if (at !== hovered) { hovered = at; draw() }
}
document.onkeydown = e => {
	if (e.target.matches('button, select, input')) return
	if (e.key === ' ') { e.preventDefault(); play(!playing) }
	if (e.key === 'ArrowRight' || e.key === 'ArrowLeft') seek(time + (e.key === 'ArrowRight' ? 1 : -1) * (scene.to - scene.from) / 100)
}
addEventListener('resize', () => draw())
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { texts(); draw() })

// #2@35 opens the second scene, 35 percent through; #2 plays it.
const asked = /^#(\d+)(?:@(\d+))?$/.exec(location.hash)
choose(asked ? Math.min(film.scenes.length, Math.max(1, Number(asked[1]))) - 1 : 1)
if (asked && asked[2]) seek(scene.from + Number(asked[2]) / 100 * (scene.to - scene.from))
else if (!reduced) play(true)
