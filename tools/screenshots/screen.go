package main

import (
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// style is how characters look.
type style struct {
	bold, dim, inverse bool
	colour             int // 31 to 36; 0: that of text
}

type cell struct {
	rune  rune
	style style
}

// screen is a terminal, as far as top uses one: it places the cursor, erases, and sets styles. A program writes to it from one goroutine.
type screen struct {
	columns, rows int

	mu          sync.Mutex
	cells       []cell // guarded by mu, as is all below
	column, row int
	now         style
	rest        string // the beginning of a sequence or a character
}

func newScreen(columns, rows int) *screen {
	s := &screen{columns: columns, rows: rows, cells: make([]cell, columns*rows)}
	s.erase(0, len(s.cells))
	return s
}

// copy is the screen as it is now.
func (s *screen) copy() *screen {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := newScreen(s.columns, s.rows)
	copy(c.cells, s.cells)
	return c
}

func (s *screen) erase(from, to int) {
	for i := from; i < to; i++ {
		s.cells[i] = cell{rune: ' '}
	}
}

// Write never fails.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.rest + string(p)
	for text != "" {
		n := s.take(text)
		if n == 0 {
			break
		}
		text = text[n:]
	}
	s.rest = text
	return len(p), nil
}

// take takes one character or sequence, and returns its length; 0: it is not whole.
func (s *screen) take(text string) int {
	if text[0] != '\x1b' {
		if !utf8.FullRuneInString(text) {
			return 0
		}
		r, n := utf8.DecodeRuneInString(text)
		s.put(r)
		return n
	}
	if len(text) < 2 {
		return 0
	}
	if text[1] != '[' {
		return 2
	}
	for i := 2; i < len(text); i++ {
		if text[i] >= '@' && text[i] <= '~' {
			s.obey(text[2:i], text[i])
			return i + 1
		}
	}
	return 0
}

func (s *screen) put(r rune) {
	switch {
	case r == '\r':
		s.column = 0
	case r == '\n':
		s.row = min(s.row+1, s.rows-1)
	case r >= ' ' && s.column < s.columns:
		s.cells[s.row*s.columns+s.column] = cell{r, s.now}
		s.column++
	}
}

// obey does what a sequence asks for.
func (s *screen) obey(parameters string, what byte) {
	var n []int
	for _, p := range strings.Split(parameters, ";") {
		v, _ := strconv.Atoi(p) // "": 0, and what is no number belongs to a sequence that changes nothing here
		n = append(n, v)
	}
	switch what {
	case 'H':
		n = append(n, 1)
		s.row, s.column = min(max(n[0], 1), s.rows)-1, min(max(n[1], 1), s.columns)-1
	case 'J':
		s.erase(0, len(s.cells))
	case 'K':
		s.erase(s.row*s.columns+s.column, (s.row+1)*s.columns)
	case 'm':
		for _, v := range n {
			s.now.set(v)
		}
	}
}

// set takes a parameter of a style.
func (st *style) set(v int) {
	switch {
	case v == 0:
		*st = style{}
	case v == 1:
		st.bold = true
	case v == 2:
		st.dim = true
	case v == 7:
		st.inverse = true
	case v >= 31 && v <= 36:
		st.colour = v
	}
}
