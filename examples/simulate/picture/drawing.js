'use strict'
const film = JSON.parse(document.getElementById('film').textContent)
const hopColors = JSON.parse(document.getElementById('colors').textContent)
const $ = id => document.getElementById(id)
const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches
const L = film.latency

// What is in a frame, the most telling first. A frame is drawn as the first of these that it has.
const kinds = [
	{name: 'infos', shape: 'disc', about: 'Infos'},
	{name: 'grafts', shape: 'diamond', about: 'Graft: asks for infos'},
	{name: 'adverts', shape: 'ring', about: 'Advert: has infos'},
	{name: 'prunes', shape: 'square', about: 'Prune: wants none'},
	{name: 'other', shape: 'dot', about: 'Hello, marks, end'},
	{name: 'lost', shape: 'cross', about: 'Lost'},
]
const bit = name => 1 << film.parts.indexOf(name)
const kindOf = parts => {
	if (parts < 0) return 5
	for (let k = 0; k < 4; k++) if (parts & bit(kinds[k].name)) return k
	return 4
}

let style, scene, time = 0, playing = false, speed = 1, hovered = -1, before = 0
const css = name => style.getPropertyValue('--' + name).trim()

for (const s of film.scenes) {
	s.frames.sort((a, b) => a[2] - b[2])
	s.longest = s.frames.reduce((most, f) => Math.max(most, f[3] - f[2]), 0)
	s.kind = s.frames.map(f => kindOf(f[4]))
	s.shown = kinds.map((_, k) => s.kind.includes(k))
	s.learned.sort((a, b) => a[2] - b[2])
	s.downAt = new Map(s.down.map(([node, at]) => [node, at]))
	s.upAt = new Map(s.up.map(([node, at]) => [node, at]))
	s.tree = s.split || s.updates.length === 0 ? [] : s.learned.map(([, node, at, hops]) => {
		const f = s.frames.find((f, i) => s.kind[i] === 0 && f[1] === node && f[3] === at)
		return f && [f[0], node, at, hops]
	}).filter(Boolean)
}

// state works out from the scene's events what each node has at a time.
function state(s, t) {
	const nodes = Array.from({length: film.nodes}, () => ({known: 0, hops: -1, at: null, has: []}))
	s.updates.forEach((u, i) => {
		if (u.at <= t) Object.assign(nodes[u.node], {hops: 0, at: u.at}).has[i] = true
	})
	for (const [update, node, at, hops] of s.learned) {
		if (at > t) break
		const n = nodes[node]
		n.known++
		n.at = at
		if (update >= 0) { n.hops = hops; n.has[update] = true }
	}
	nodes.forEach((n, i) => {
		n.down = s.downAt.has(i) && s.downAt.get(i) <= t
		n.off = s === film.scenes[0] && !(s.upAt.get(i) <= t)
	})
	return nodes
}

const has = n => n.has.filter(Boolean).length
function color(s, n) {
	if (s.updates.length === 0) {
		const share = (n.known + 1) / film.nodes
		return share >= 1 ? hopColors[1] : hopColors[Math.max(2, Math.min(5, 5 - Math.floor(share * 4)))]
	}
	return n.hops < 0 ? css('paper') : hopColors[Math.min(n.hops, hopColors.length - 1)]
}

// place returns where a node or a point of a link is, in pixels.
function layout() {
	const c = $('picture'), w = c.clientWidth, h = c.clientHeight
	const unit = scene.split ? Math.min(w / 2.24, h / 1.12) : Math.min(w, h) / 2.24
	const places = (scene.split ? film.two : film.ring).map(([x, y]) => [w / 2 + x * unit, h / 2 + y * unit])
	return {w, h, unit, places}
}

// curve returns the control point of the link of two nodes.
function curve(g, a, b) {
	const [ax, ay] = g.places[a], [bx, by] = g.places[b]
	const same = film.left[a] === film.left[b]
	let mx = g.w / 2, my = g.h / 2, radius = g.unit
	if (scene.split) {
		radius = g.unit * 0.44
		if (same) mx += (film.left[a] ? -1 : 1) * 0.56 * g.unit
	}
	const hx = (ax + bx) / 2 - mx, hy = (ay + by) / 2 - my
	const pull = scene.split && !same ? 0.9 : 1 - 0.75 * Math.min(1, Math.hypot(ax - bx, ay - by) / (2 * radius))
	return [mx + hx * pull, my + hy * pull]
}
const along = ([ax, ay], [cx, cy], [bx, by], t) => [
	(1 - t) * (1 - t) * ax + 2 * t * (1 - t) * cx + t * t * bx, (1 - t) * (1 - t) * ay + 2 * t * (1 - t) * cy + t * t * by,
]

function mark(g, shape, [x, y], fill, size) {
	g.beginPath()
	g.fillStyle = g.strokeStyle = fill
	g.lineWidth = 2
	switch (shape) {
	case 'disc': g.arc(x, y, size, 0, 7); g.fill(); break
	case 'dot': g.arc(x, y, size * 0.55, 0, 7); g.fill(); break
	case 'ring': g.arc(x, y, size * 0.8, 0, 7); g.fillStyle = css('paper'); g.fill(); g.stroke(); break
	case 'square': g.rect(x - size * 0.7, y - size * 0.7, size * 1.4, size * 1.4); g.fill(); break
	case 'diamond': g.moveTo(x, y - size * 1.4); g.lineTo(x + size * 1.4, y); g.lineTo(x, y + size * 1.4); g.lineTo(x - size * 1.4, y); g.fill(); break
	case 'cross': g.moveTo(x - size, y - size); g.lineTo(x + size, y + size); g.moveTo(x + size, y - size); g.lineTo(x - size, y + size); g.stroke()
	}
}

// fit gives a canvas as many pixels as the screen has for it, and returns what to draw with, in CSS pixels.
function fit(c) {
	const ratio = devicePixelRatio || 1, w = c.clientWidth, h = c.clientHeight
	if (c.width !== Math.round(w * ratio) || c.height !== Math.round(h * ratio)) { c.width = Math.round(w * ratio); c.height = Math.round(h * ratio) }
	const g = c.getContext('2d')
	g.setTransform(ratio, 0, 0, ratio, 0, 0)
	g.clearRect(0, 0, w, h)
	return g
}

function line(g, geo, a, b) {
	const [cx, cy] = curve(geo, a, b)
	g.beginPath()
	g.moveTo(...geo.places[a])
	g.quadraticCurveTo(cx, cy, ...geo.places[b])
	g.stroke()
}

function drawLinks(g, geo) {
	const cut = scene.cut[0] !== scene.cut[1] && time >= scene.cut[0] && time < scene.cut[1]
	for (const [a, b, from, to] of scene.links) {
		if (time < from || time >= to) continue
		const across = cut && film.left[a] !== film.left[b]
		g.strokeStyle = css(across ? 'lost' : 'edge')
		g.setLineDash(across ? [3, 5] : [])
		g.globalAlpha = a === hovered || b === hovered ? 1 : across ? 0.35 : 0.3
		g.lineWidth = a === hovered || b === hovered ? 2 : 1
		line(g, geo, a, b)
	}
	g.setLineDash([])
	g.globalAlpha = 1
	g.lineWidth = 2
	for (const [a, b, at, hops] of scene.tree) { // the way it took
		if (at > time) break
		g.strokeStyle = hopColors[Math.min(hops, hopColors.length - 1)]
		line(g, geo, a, b)
	}
	return cut
}

// drawFrames draws what is on its way, and for a moment the links where something was.
function drawFrames(g, geo) {
	const fade = scene.play ? (scene.to - scene.from) / scene.play * 350_000 : 0
	const counts = kinds.map(() => 0), marks = []
	for (let i = 0; i < scene.frames.length; i++) {
		const [from, to, sent, got] = scene.frames[i], k = scene.kind[i]
		if (sent > time) break
		if (got + fade < time) continue
		const age = Math.max(0, time - got) / fade
		g.strokeStyle = css(kinds[k].name)
		g.globalAlpha = (k === 4 ? 0.25 : k === 2 ? 0.35 : 0.6) * (1 - age)
		g.lineWidth = k === 0 ? 2.5 : 1.5
		line(g, geo, from, to)
		if (got >= time) {
			counts[k]++
			const part = got === sent ? 0.5 : (time - sent) / (got - sent)
			marks.push([k, along(geo.places[from], curve(geo, from, to), geo.places[to], k === 5 ? Math.min(part, 0.5) : part)])
		}
	}
	g.globalAlpha = 1
	marks.sort((a, b) => b[0] - a[0])
	const size = film.nodes > 60 ? 3.6 : 4.6
	for (const [k, at] of marks) mark(g, kinds[k].shape, at, css(kinds[k].name), size)
	return counts
}

function drawNodes(g, geo, nodes) {
	const r = Math.max(4.5, Math.min(11, (scene.split ? 0.55 : 1) * 700 / film.nodes / 1.6))
	const letters = scene.updates.map(u => u.name).filter(name => name.length === 1)
	nodes.forEach((n, i) => {
		const [x, y] = geo.places[i]
		g.lineWidth = i === hovered ? 3 : 1.2
		g.strokeStyle = css(n.down || n.off ? 'soft' : 'ink')
		g.setLineDash(n.down || n.off ? [2, 2] : [])
		g.beginPath()
		g.arc(x, y, r, 0, 7)
		g.fillStyle = n.down || n.off || letters.length ? css('paper') : color(scene, n)
		g.fill()
		if (letters.length) { // a half of the disc for each
			scene.updates.forEach((u, k) => {
				if (!n.has[k] || n.down) return
				g.beginPath()
				g.arc(x, y, r, Math.PI / 2 + k * Math.PI, Math.PI * 1.5 + k * Math.PI)
				g.fillStyle = css(u.name.toLowerCase())
				g.fill()
			})
			g.beginPath()
			g.arc(x, y, r, 0, 7)
		}
		g.stroke()
		g.setLineDash([])
		if (n.down) mark(g, 'cross', [x, y], css('lost'), r * 0.7)
		if (scene.updates.some(u => u.node === i)) { // who writes
			g.beginPath()
			g.arc(x, y, r + 4, 0, 7)
			g.stroke()
		}
	})
	g.setLineDash([])
	g.fillStyle = css('soft')
	g.font = (film.nodes > 60 ? 9 : 11) + 'px system-ui, sans-serif'
	g.textAlign = 'center'
	g.textBaseline = 'middle'
	nodes.forEach((_, i) => {
		const [x, y] = geo.places[i]
		let mx = geo.w / 2
		if (scene.split) mx += (film.left[i] ? -1 : 1) * 0.56 * geo.unit
		const dx = x - mx, dy = y - geo.h / 2, d = Math.hypot(dx, dy)
		g.fillText(i, x + dx / d * (r + 11), y + dy / d * (r + 11))
	})
}
