package core

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// Clone returns a core in the same state that shares nothing with c but what nobody changes. It knows the types, not
// the fields: a new field is copied too.
func (c *Core) Clone() *Core {
	d := deep{done: map[unsafe.Pointer]reflect.Value{}}
	return d.copy(reflect.ValueOf(c)).Interface().(*Core)
}

// shared are types whose values nobody changes once they are there.
var shared = []reflect.Type{
	reflect.TypeFor[*Record](), reflect.TypeFor[Config](), reflect.TypeFor[*Base](),
}

// deep copies values.
type deep struct {
	done map[unsafe.Pointer]reflect.Value // by what was pointed to
}

func (d *deep) copy(v reflect.Value) reflect.Value {
	if flat(v.Type()) || slices.Contains(shared, v.Type()) {
		return v
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		if to, ok := d.done[v.UnsafePointer()]; ok {
			return to
		}
		to := reflect.New(v.Type().Elem())
		d.done[v.UnsafePointer()] = to
		to.Elem().Set(v.Elem())
		d.inside(to.Elem())
		return to
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(to, v)
		if !flat(v.Type().Elem()) {
			for i := range v.Len() {
				d.inside(to.Index(i))
			}
		}
		return to
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			to.SetMapIndex(it.Key(), d.copy(it.Value()))
		}
		return to
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		to := reflect.New(v.Type()).Elem()
		to.Set(d.copy(v.Elem()))
		return to
	case reflect.Struct:
		to := reflect.New(v.Type()).Elem()
		to.Set(v)
		d.inside(to)
		return to
	}
	panic(fmt.Sprintf("core: cannot copy a %v", v.Type()))
}

// inside replaces what v, addressable and a shallow copy, points to.
func (d *deep) inside(v reflect.Value) {
	if flat(v.Type()) || slices.Contains(shared, v.Type()) {
		return
	}
	if v.Kind() != reflect.Struct {
		v.Set(d.copy(v))
		return
	}
	for i := range v.NumField() {
		d.inside(open(v.Field(i)))
	}
}

// open makes an addressable field accessible, exported or not.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

var flats = map[reflect.Type]bool{}

// flat reports whether values of type t point to nothing that may change.
func flat(t reflect.Type) bool {
	is, ok := flats[t]
	if !ok {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
		case reflect.Array:
			is = flat(t.Elem())
		case reflect.Struct:
			is = true
			for i := range t.NumField() {
				is = is && flat(t.Field(i).Type)
			}
		default:
			is = true
		}
		flats[t] = is
	}
	return is
}

// Fingerprint hashes the state of c: two cores with the same one do the same from here on. A new field counts too.
func (c *Core) Fingerprint() uint64 {
	p := printer{seen: map[unsafe.Pointer]uint64{}}
	p.add(reflect.ValueOf(c).Elem())
	return p.sum
}

// Fingerprint hashes all that is in the base.
func (b *Base) Fingerprint() uint64 {
	p := printer{seen: map[unsafe.Pointer]uint64{}}
	p.add(reflect.ValueOf(b).Elem())
	return p.sum
}

// past are the fields that drive nothing to come.
var past = map[reflect.Type][]string{
	reflect.TypeFor[Core]():      {"cfg", "now", "out", "scratch"},
	reflect.TypeFor[link]():      {"wake"},
	reflect.TypeFor[Record]():    {"Taken"},
	reflect.TypeFor[baseState](): {"base"},
}

var pasts = map[reflect.Type][]bool{}

// printer hashes values, maps in an order of their own and pointers by when they were met first.
type printer struct {
	sum  uint64
	seen map[unsafe.Pointer]uint64
}

func (p *printer) mix(x uint64) {
	p.sum = (p.sum ^ x) * 0x9e3779b97f4a7c15
	p.sum ^= p.sum >> 29
}

func (p *printer) add(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			p.mix(3)
		} else {
			p.mix(5)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.mix(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.mix(v.Uint())
	case reflect.String:
		p.text(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			p.mix(7)
			return
		}
		if n, ok := p.seen[v.UnsafePointer()]; ok {
			p.mix(n)
			return
		}
		p.seen[v.UnsafePointer()] = uint64(len(p.seen)) + 11
		p.add(v.Elem())
	case reflect.Slice, reflect.Array:
		p.mix(uint64(v.Len()))
		for i := range v.Len() {
			p.add(v.Index(i))
		}
	case reflect.Map:
		p.entries(v)
	case reflect.Interface:
		p.add(v.Elem())
	case reflect.Struct:
		p.fields(v)
	default:
		panic(fmt.Sprintf("core: cannot hash a %v", v.Type()))
	}
}

func (p *printer) text(s string) {
	p.mix(uint64(len(s)))
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	p.mix(h)
}

func (p *printer) fields(v reflect.Value) {
	t := v.Type()
	skip, ok := pasts[t]
	if !ok {
		skip = make([]bool, t.NumField())
		for i := range skip {
			skip[i] = slices.Contains(past[t], t.Field(i).Name)
		}
		pasts[t] = skip
	}
	for i, s := range skip {
		if !s {
			p.add(v.Field(i))
		}
	}
}

func (p *printer) entries(v reflect.Value) {
	type entry struct {
		key   uint64
		value reflect.Value
	}
	var entries []entry
	for it := v.MapRange(); it.Next(); {
		k := printer{}
		k.add(it.Key())
		entries = append(entries, entry{k.sum, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	p.mix(uint64(len(entries)))
	for _, e := range entries {
		p.mix(e.key)
		p.add(e.value)
	}
}
