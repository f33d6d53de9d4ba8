package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// How far kubectl looks ahead for the brace that makes a file JSON.
	lookAhead = 4096
	// The tests' JSON reader gives up at 128 levels; a few of them are the line's own.
	deepest = 100
)

// reading is what kubectl makes of one file.
type reading struct {
	File      string     `json:"file"`
	Documents []document `json:"documents"`
	// Stopped is the document whose error ends the file for kubectl. Later ones are what its decoder gives
	// when it is asked again all the same, which kubectl never does.
	Stopped *int `json:"stopped"`
	// Ended says that the decoder itself cannot go on after Stopped, as in a broken stream of JSON objects.
	Ended bool `json:"ended"`
}

// document has exactly one of its members set beside the number.
type document struct {
	Document int             `json:"document"`
	JSON     json.RawMessage `json:"json,omitempty"`
	// Depth stands for a value that is nested too deep for the reader of this line: how many levels it has.
	Depth int    `json:"depth,omitempty"`
	Empty bool   `json:"empty,omitempty"`
	Error string `json:"error,omitempty"`
}

func readings(out *lines, files []string) error {
	for _, file := range files {
		reading, err := readFile(file)
		if err != nil {
			return err
		}
		if err := out.write(reading); err != nil {
			return err
		}
	}
	return nil
}

func readFile(file string) (*reading, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &reading{File: file, Documents: []document{}}
	stream := newStream(f)
	for {
		raw, err := stream.next()
		if err == io.EOF {
			return r, nil
		}
		if !r.add(raw, err) {
			r.Ended = true
			return r, nil
		}
	}
}

// add takes a document or its error, and reports whether the decoder can be asked for the next one.
func (r *reading) add(raw []byte, err error) bool {
	goesOn := err == nil || canGoOn(err)
	if !goesOn && r.Stopped != nil {
		return false
	}
	d := document{Document: len(r.Documents)}
	if err == nil && len(raw) > 0 {
		d.JSON, err = plain(raw)
	}
	switch {
	case err != nil:
		d.JSON, d.Error = nil, err.Error()
	case len(raw) == 0:
		d.Empty = true
	default:
		if depth := depthOf(raw); depth > deepest {
			d.JSON, d.Depth = nil, depth
		}
	}
	r.Documents = append(r.Documents, d)
	if err != nil && r.Stopped == nil {
		r.Stopped = &d.Document
	}
	return goesOn
}

// withoutEOF turns the normal end of a stream into no error at all.
func withoutEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// depthOf counts the levels of lists and objects in valid JSON.
func depthOf(raw []byte) int {
	depth, most := 0, 0
	decoder := json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.Token()
		if err != nil {
			return most
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			most = max(most, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

// canGoOn tells an error of one document from the decoder's own end: encoding/json repeats its error for ever.
func canGoOn(err error) bool {
	return errors.As(err, &yaml.YAMLSyntaxError{}) || errors.As(err, &yaml.JSONSyntaxError{})
}

// stream yields the documents of a file as kubectl's file visitor does.
type stream struct{ decoder *yaml.YAMLOrJSONDecoder }

func newStream(r io.Reader) *stream {
	text := transform.NewReader(r, unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	return &stream{yaml.NewYAMLOrJSONDecoder(text, lookAhead)}
}

// next returns a document's JSON, empty where kubectl skips the document.
func (s *stream) next() ([]byte, error) {
	var object runtime.RawExtension
	if err := s.decoder.Decode(&object); err != nil {
		return nil, err
	}
	raw := bytes.TrimSpace(object.Raw)
	if bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	return raw, nil
}

// plain writes JSON anew. A JSON file reaches this point as it was written, where duplicate keys, lone surrogates
// and numbers beyond all bounds still stand; what any later decoder makes of those is what counts.
func plain(raw []byte) (json.RawMessage, error) {
	var bounded any
	if err := json.Unmarshal(raw, &bounded); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(text.Bytes()), err
}
