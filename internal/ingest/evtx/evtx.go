// Package evtx reads the binary event logs of Windows (.evtx) as a stream: chunk after chunk, 64 KiB at a time, from any
// reader. It hands each event to a Handler as the XML that it stands for, piece by piece, without ever writing that XML.
// It knows the file format, not what events mean.
//
// Format: https://github.com/libyal/libevtx/blob/main/documentation and [MS-EVEN6] section 2.2.12 (BinXml).
package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	headerSize      = 4096
	chunkSize       = 64 << 10
	chunkHeaderSize = 512
	recordOverhead  = 24 + 4 // a record's header, and the copy of its size at its end
)

// Magic begins every file.
const Magic = "ElfFile\x00"

// Handler is told what an event's XML says. Attributes come between the Start of their element and what is in it. An
// element's text may come in several pieces. All bytes are UTF-8 and stay as they are until the next call of
// Reader.Next.
type Handler interface {
	Start(name []byte)
	Attr(name, value []byte)
	Text(text []byte)
	End()
}

// Record is what a file says about an event outside of the event itself.
type Record struct {
	ID      uint64
	Written uint64 // FILETIME: 100 ns since 1601
	Offset  int64  // in the file
	Raw     []byte // valid until the next call of Next
}

// Damage is a part of the file that cannot be read. What follows it can.
type Damage struct {
	Reason string
	Offset int64
	Raw    []byte // valid until the next call of Next
}

func (d *Damage) Error() string { return d.Reason }

// Reader reads one file.
type Reader struct {
	src    io.Reader
	dirty  bool
	counts int // chunks, by the header; it may lag behind in a file that was not closed
	chunks int // chunks met
	end    error

	offset int64 // of the chunk in the file
	buf    []byte
	c      []byte // the chunk, as much of it as there is; nil before the first and after the last
	pos    int
	free   int    // where the chunk's header says that its records end
	last   uint64 // the number of the record before

	badSums int
	firstAt int64 // the first chunk with a wrong checksum

	xml binXML
}

// NewReader reads the file's header.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, buf: make([]byte, chunkSize)}
	head := r.buf[:headerSize]
	if _, err := io.ReadFull(src, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("a Windows event log that ends within its header")
		}
		return nil, err
	}
	if string(head[:8]) != Magic {
		return nil, errors.New("not a Windows event log")
	}
	r.offset = headerSize
	r.counts = int(binary.LittleEndian.Uint16(head[42:]))
	r.dirty = binary.LittleEndian.Uint32(head[120:])&1 != 0
	if crc32.ChecksumIEEE(head[:120]) != binary.LittleEndian.Uint32(head[124:]) {
		r.dirty = true // nothing that the header says can be relied on
	}
	return r, nil
}

// Next hands the next event to h. An error of type *Damage says what was skipped, and Next may be called again: h may
// have been told a part of the damaged event. io.EOF ends the file; any other error is one of the source, or says that
// the file was cut off.
func (r *Reader) Next(h Handler) (Record, error) {
	for {
		if r.c == nil {
			if err := r.chunk(); err != nil {
				return Record{}, err
			}
			continue
		}
		size, err := r.find()
		if err != nil {
			return Record{}, err
		}
		if size == 0 {
			r.c = nil
			continue
		}
		raw := r.c[r.pos : r.pos+size]
		rec := Record{ID: binary.LittleEndian.Uint64(raw[8:]), Written: binary.LittleEndian.Uint64(raw[16:]), Offset: r.offset + int64(r.pos), Raw: raw}
		start := r.pos + 24
		r.pos += size
		r.last = rec.ID
		r.xml.begin()
		err = r.xml.fragment(start, r.pos-4, h, 0)
		if err == nil && !r.xml.told {
			err = errors.New("there is nothing in it")
		}
		if err != nil {
			return Record{}, &Damage{"the event's binary XML is damaged: " + err.Error(), rec.Offset, raw}
		}
		return rec, nil
	}
}

// chunk reads the next chunk. One that was set aside and never written is passed over.
func (r *Reader) chunk() error {
	if r.chunks > 0 || r.end != nil {
		r.offset += chunkSize
	}
	if r.end != nil {
		return r.end
	}
	n := 0
	for n < chunkSize && r.end == nil {
		var k int
		k, r.end = r.src.Read(r.buf[n:])
		n += k
	}
	r.chunks++
	if r.end != nil && !errors.Is(r.end, io.EOF) {
		r.end = fmt.Errorf("the file cannot be read beyond byte %d: %w", r.offset+int64(n), r.end)
	} else if n > 0 && n < chunkSize {
		r.end = fmt.Errorf("the file was cut off at byte %d: the chunk at byte %d is not whole", r.offset+int64(n), r.offset)
	}
	if n == 0 {
		r.chunks--
		if errors.Is(r.end, io.EOF) && !r.dirty && r.chunks < r.counts {
			r.end = fmt.Errorf("the file was cut off: it has %d chunks, its header counts %d", r.chunks, r.counts)
		}
		return r.end
	}
	c := r.buf[:n]
	if n < chunkHeaderSize || string(c[:8]) != "ElfChnk\x00" {
		if blank(c) {
			return nil
		}
		return &Damage{"a chunk without its signature: none of its records was read", r.offset, c}
	}
	r.c, r.pos, r.last = c, chunkHeaderSize, 0
	r.xml.reset(c)
	r.free = int(binary.LittleEndian.Uint32(c[48:]))
	sum := crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHeaderSize])
	good := sum == binary.LittleEndian.Uint32(c[124:])
	if r.free < chunkHeaderSize || r.free > n {
		good, r.free = false, n
	}
	good = good && crc32.ChecksumIEEE(c[chunkHeaderSize:r.free]) == binary.LittleEndian.Uint32(c[52:])
	if !good {
		if r.badSums++; r.badSums == 1 {
			r.firstAt = r.offset
		}
	}
	return nil
}

// find moves to the next record of the chunk and returns its size, 0 if there is none. Behind the place where records
// end by the chunk's header, only those count that continue the numbers: the header of a chunk that was still being
// written lags behind, and what else lies there is of an earlier use of the chunk.
func (r *Reader) find() (int, error) {
	from := r.pos
	for p := from; ; {
		if size := r.sizeAt(p); size > 0 && (p < r.free || r.last != 0 && binary.LittleEndian.Uint64(r.c[p+8:]) == r.last+1) {
			r.pos = p
			if p > from && !blank(r.c[from:p]) {
				return 0, r.skipped(from, p)
			}
			return size, nil
		}
		if p >= r.free {
			break
		}
		i := bytes.Index(r.c[p+1:r.free], []byte("**\x00\x00"))
		if i < 0 {
			break
		}
		p += 1 + i
	}
	r.pos = max(from, r.free)
	if !blank(r.c[from:r.pos]) {
		return 0, r.skipped(from, r.pos)
	}
	return 0, nil
}

func (r *Reader) skipped(from, to int) error {
	return &Damage{fmt.Sprintf("%d bytes in which no event record can be made out", to-from), r.offset + int64(from), r.c[from:to]}
}

// sizeAt returns the size of the record at a place in the chunk, or 0 if there is none.
func (r *Reader) sizeAt(p int) int {
	if len(r.c)-p < recordOverhead || string(r.c[p:p+4]) != "**\x00\x00" {
		return 0
	}
	size := binary.LittleEndian.Uint32(r.c[p+4:])
	if size < recordOverhead || size > uint32(len(r.c)-p) || binary.LittleEndian.Uint32(r.c[p+int(size)-4:]) != size {
		return 0
	}
	return int(size)
}

// Notes says what is worth knowing about the file that was read.
func (r *Reader) Notes() []string {
	var notes []string
	if r.dirty {
		notes = append(notes, "the log was not closed (it was copied from a running machine, or its header is damaged); it was read to its last record")
	}
	if r.badSums > 0 {
		notes = append(notes, fmt.Sprintf("chunks whose checksum is wrong: %d, the first at byte %d; what makes sense in them was read", r.badSums, r.firstAt))
	}
	return notes
}

func blank(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
