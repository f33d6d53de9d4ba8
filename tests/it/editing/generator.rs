//! Random manifests in random styles.

use std::fmt::Write;

use crate::fuzzing::targets::Random;

/// Writes one file.
pub(crate) struct Generator<'r> {
    random: &'r mut Random,
    text: String,
    /// How often lines end with CRLF, in percent.
    crlf: usize,
    step: usize,
    dash: usize,
    /// How many comments there are, in percent of the places for one.
    comments: usize,
    /// How many blocks are written in brackets, in percent.
    flow: usize,
    /// Whether anchors, aliases and merge keys occur.
    shares: bool,
    anchors: usize,
    numbers: usize,
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "c1",
    "'d d'",
    "\"e\"",
    "é",
    "securityContext",
    "on",
    "f/g.h",
    "\"i j\"",
    "k-l",
    "m",
    "o",
    "0x10",
    "p q",
];

const PLAIN: &[&str] =
    &["x", "true", "1", "0777", "yes", "a b", "é€", "~", "null", "1.5", "u:v", "-1", "w#z", "2001-01-01"];

impl<'r> Generator<'r> {
    /// One or several documents.
    pub(crate) fn file(random: &'r mut Random) -> String {
        let (crlf, step) = (random.pick(&[0, 0, 100, 30]), random.pick(&[1, 2, 2, 2, 3, 4, 5]));
        let dash = random.pick(&[0, 0, step, 2]);
        let (comments, flow) = (random.pick(&[0, 15, 40]), random.pick(&[5, 15, 60]));
        let shares = random.percent(15);
        let mut generator =
            Self { random, text: String::new(), crlf, step, dash, comments, flow, shares, anchors: 0, numbers: 0 };
        if generator.random.percent(15) {
            generator.json_file();
            return generator.text;
        }
        for at in 0..generator.random.pick(&[1, 1, 2, 3]) {
            if at > 0 || generator.random.percent(20) {
                generator.text.push_str("---");
                generator.end_line(true);
            }
            generator.anchors = 0;
            // An object has a kind, which no edit takes away.
            generator.comment_lines(0);
            generator.text.push_str("kind: X");
            generator.end_line(true);
            generator.block_mapping(0, 0, true);
        }
        if generator.random.percent(10) {
            generator.text.push_str("...");
            generator.end_line(false);
        }
        if generator.random.percent(20) {
            let length = generator.text.trim_end_matches(['\r', '\n']).len();
            generator.text.truncate(length);
        }
        generator.text
    }

    fn line_break(&mut self) {
        let line_break = if self.random.percent(self.crlf) { "\r\n" } else { "\n" };
        self.text.push_str(line_break);
    }

    /// The end of a line, a comment before it now and then.
    fn end_line(&mut self, comments: bool) {
        if comments && self.random.percent(self.comments) {
            self.numbers += 1;
            let gap = self.random.pick(&[" ", "  ", "\t"]);
            let _ = write!(self.text, "{gap}# t{} 'x {{", self.numbers);
        }
        self.line_break();
    }

    /// Lines that hold a comment or nothing.
    fn comment_lines(&mut self, column: usize) {
        while self.random.percent(self.comments / 2) {
            self.numbers += 1;
            let column = if self.random.percent(80) { column } else { self.random.below(8) };
            let _ = write!(self.text, "{}# f{}: [\"", " ".repeat(column), self.numbers);
            self.line_break();
        }
        if self.random.percent(self.comments / 4) {
            self.line_break();
        }
    }

    fn keys(&mut self) -> Vec<&'static str> {
        let mut keys: Vec<&str> = Vec::new();
        for _ in 0..=self.random.below(4) {
            let key = self.random.pick(KEYS);
            if !keys.contains(&key) || self.random.percent(3) {
                keys.push(key);
            }
        }
        keys
    }

    /// `is_at_start` is whether the line is still empty.
    fn block_mapping(&mut self, column: usize, depth: usize, is_at_start: bool) {
        let mut is_at_start = is_at_start;
        if self.shares && self.anchors > 0 && self.random.percent(20) {
            let anchor = self.random.below(self.anchors);
            let indent = if is_at_start { column } else { 0 };
            let _ = write!(self.text, "{}<<: *m{anchor}", " ".repeat(indent));
            self.end_line(true);
            is_at_start = true;
        }
        for key in self.keys() {
            if is_at_start {
                self.comment_lines(column);
                self.text.push_str(&" ".repeat(column));
            }
            is_at_start = true;
            if self.random.percent(2) {
                self.text.push_str("? ");
                self.text.push_str(key);
                self.end_line(true);
                self.text.push_str(&" ".repeat(column));
            } else {
                self.text.push_str(key);
            }
            self.text.push_str(if self.random.percent(4) { " :" } else { ":" });
            self.block_value(column, depth + 1, true);
        }
    }

    fn block_sequence(&mut self, column: usize, depth: usize, is_at_start: bool) {
        let mut is_at_start = is_at_start;
        for _ in 0..=self.random.below(3) {
            if is_at_start {
                self.comment_lines(column);
                self.text.push_str(&" ".repeat(column));
            }
            is_at_start = true;
            self.text.push('-');
            match self.random.below(if depth < 5 { 5 } else { 2 }) {
                0 | 1 => self.block_value(column, depth + 1, false),
                2 | 3 => {
                    let gap = self.random.pick(&[1, 1, 1, 3]);
                    self.text.push_str(&" ".repeat(gap));
                    self.block_mapping(column + 1 + gap, depth + 1, false);
                }
                _ => {
                    self.text.push(' ');
                    self.block_sequence(column + 2, depth + 1, false);
                }
            }
        }
    }

    /// What stands behind a colon or a dash, up to the end of the line.
    fn block_value(&mut self, column: usize, depth: usize, in_mapping: bool) {
        if self.shares && self.anchors > 0 && self.random.percent(10) {
            let _ = write!(self.text, " *m{}", self.random.below(self.anchors));
            return self.end_line(true);
        }
        if self.random.percent(self.flow) {
            self.text.push(' ');
            self.flow_value(column, depth, false);
            return self.end_line(true);
        }
        match self.random.below(if depth < 5 { 12 } else { 8 }) {
            0 => self.end_line(true),
            1 => self.block_scalar(column),
            2 => {
                let text = self.random.pick(&["{}", "[]", "{ }", "!!str 1", "&unused x", "&u2 {}"]);
                let _ = write!(self.text, " {text}");
                self.end_line(true);
            }
            3..=7 => {
                let gap = self.random.pick(&[" ", " ", "  "]);
                self.text.push_str(gap);
                self.scalar();
                self.end_line(true);
            }
            8..=10 => {
                if self.random.percent(if self.shares { 40 } else { 3 }) {
                    let name = if self.shares { format!("m{}", self.anchors) } else { "unused".to_owned() };
                    let _ = write!(self.text, " &{name}");
                    self.end_line(true);
                    self.block_mapping(column + self.step, depth, true);
                    self.anchors += usize::from(self.shares);
                } else {
                    self.end_line(true);
                    self.block_mapping(column + self.step, depth, true);
                }
            }
            _ => {
                self.end_line(true);
                let dash = if in_mapping { self.dash } else { self.dash.max(1) };
                self.block_sequence(column + dash, depth, true);
            }
        }
    }

    fn scalar(&mut self) {
        let text = self.random.pick(PLAIN);
        let _ = match self.random.below(5) {
            0 => write!(self.text, "'{text}'"),
            1 => write!(self.text, "\"{text}\""),
            _ => write!(self.text, "{text}"),
        };
    }

    fn block_scalar(&mut self, column: usize) {
        let header = self.random.pick(&["|", "|-", "|+", ">", ">-", ">+"]);
        let _ = write!(self.text, " {header}");
        self.end_line(true);
        let indent = " ".repeat(column + self.step);
        for _ in 0..=self.random.below(3) {
            let line = self.random.pick(&["text", "# no comment", "  more", "a: b", "- c"]);
            let _ = write!(self.text, "{indent}{}", line.trim_start());
            self.line_break();
        }
        while self.random.percent(30) {
            self.line_break();
        }
    }

    fn flow_value(&mut self, column: usize, depth: usize, in_flow: bool) {
        match self.random.below(if depth < 6 { 3 } else { 1 }) {
            0 if in_flow => self.flow_scalar(),
            0 | 1 => self.flow_collection(column, depth, '{', '}'),
            _ => self.flow_collection(column, depth, '[', ']'),
        }
    }

    fn flow_scalar(&mut self) {
        let text = self.random.pick(&["x", "true", "1", "'a, b'", "\"c\"", "~", "é", "a b"]);
        self.text.push_str(text);
    }

    fn flow_collection(&mut self, column: usize, depth: usize, open: char, close: char) {
        self.text.push(open);
        let count = self.random.below(4);
        let lines = self.random.percent(30);
        let is_json = self.random.percent(15);
        let pad = self.random.percent(20);
        if pad && !lines {
            self.text.push(' ');
        }
        let column = column + self.step;
        let keys = self.keys();
        let keys: Vec<Option<&str>> = match open {
            '{' => keys.into_iter().take(count).map(Some).collect(),
            _ => vec![None; count],
        };
        let count = keys.len();
        for (at, key) in keys.into_iter().enumerate() {
            if lines {
                self.end_line(true);
                self.comment_lines(column);
                self.text.push_str(&" ".repeat(column));
            }
            if let Some(key) = key {
                let _ = match is_json {
                    true => write!(self.text, "\"{}\": ", key.trim_matches(['"', '\''])),
                    false => write!(self.text, "{key}: "),
                };
            }
            self.flow_value(column, depth + 1, true);
            if at + 1 < count || self.random.percent(10) {
                self.text.push(',');
                if !lines && at + 1 < count {
                    self.text.push(' ');
                }
            }
        }
        if lines && count > 0 {
            self.end_line(true);
            self.text.push_str(&" ".repeat(column));
        } else if pad {
            self.text.push(' ');
        }
        self.text.push(close);
    }

    fn json_file(&mut self) {
        let value = self.json(0);
        let object = serde_json::json!({"kind": "X", "value": value, "empty": {}, "list": []});
        let text = match self.random.below(3) {
            0 => object.to_string(),
            1 => serde_json::to_string_pretty(&object).unwrap(),
            _ => serde_json::to_string_pretty(&object).unwrap().replace("  ", self.random.pick(&["\t", "    "])),
        };
        let text = if self.crlf == 100 { text.replace('\n', "\r\n") } else { text };
        self.text.push_str(&text);
        if self.random.percent(70) {
            self.line_break();
        }
    }

    fn json(&mut self, depth: usize) -> serde_json::Value {
        match self.random.below(if depth < 4 { 6 } else { 4 }) {
            0 => serde_json::Value::Null,
            1 => true.into(),
            2 => self.random.below(1000).into(),
            3 => self.random.pick(&["x", "é", "a\"b", "yes"]).into(),
            4 => (0..self.random.below(4)).map(|_| self.json(depth + 1)).collect(),
            _ => {
                let keys = self.keys();
                let fields = keys.iter().map(|key| ((*key).to_owned(), self.json(depth + 1)));
                serde_json::Value::Object(fields.collect())
            }
        }
    }
}
