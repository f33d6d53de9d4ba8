//! A picture of a terminal, as SVG, from what a program wrote to one.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// Pixels of a character and of a line.
const CHARACTER: f64 = 8.4;
const LINE: f64 = 19.0;
/// Pixels around the text, and of the bar above it.
const MARGIN: f64 = 16.0;
const BAR: f64 = 34.0;

const STYLE: &str = "\
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;white-space:pre}
.n{fill:#d4d8e0}.b{font-weight:bold}.d{opacity:.65}.c30{fill:#6b7280}.c31{fill:#ff7b72}.c32{fill:#7ee787}.c33{fill:#f2cc60}
.c34{fill:#79c0ff}.c35{fill:#d2a8ff}.c36{fill:#76e3ea}.c37{fill:#f0f3f6}";

/// How characters look: what the escape sequences before them ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Look {
    bold: bool,
    dim: bool,
    color: Option<u8>,
}

impl Look {
    /// Takes up the numbers of one escape sequence.
    fn take(&mut self, codes: &str) {
        for code in codes.split(';') {
            match code.parse().unwrap_or(0) {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                22 => (self.bold, self.dim) = (false, false),
                39 => self.color = None,
                color @ 30..=37 => self.color = Some(color),
                color @ 90..=97 => self.color = Some(color - 60),
                other => panic!("the picture has no look for {other}"),
            }
        }
    }

    fn classes(&self) -> String {
        let mut classes = self.color.map_or("n".to_owned(), |color| format!("c{color}"));
        classes += if self.bold { " b" } else { "" };
        classes + if self.dim { " d" } else { "" }
    }
}

/// A window with a prompt, the command, and what it wrote.
pub(super) fn svg(command: &str, output: &str) -> String {
    let lines: Vec<Vec<(Look, String)>> =
        output.lines().scan(Look::default(), |look, line| Some(runs(line, look))).collect();
    let prompt = format!("$ {command}");
    let columns =
        lines.iter().map(|line| line.iter().map(|(_, text)| text.width()).sum()).chain([prompt.width()]).max();
    let width = 2.0 * MARGIN + CHARACTER * f64::from(u32::try_from(columns.unwrap_or(0)).unwrap());
    let height = BAR + 2.0 * MARGIN + LINE * f64::from(u32::try_from(lines.len() + 1).unwrap());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"#161b22\"/>\n",
        escaped(&prompt)
    );
    for (at, color) in ["#ff5f57", "#febc2e", "#28c840"].into_iter().enumerate() {
        let x = MARGIN + 6.0 + 20.0 * f64::from(u32::try_from(at).unwrap());
        writeln!(svg, "<circle cx=\"{x}\" cy=\"20\" r=\"6\" fill=\"{color}\"/>").unwrap();
    }
    let mut look = Look { bold: true, color: Some(37), ..Look::default() };
    for (at, line) in [runs(&prompt, &mut look)].iter().chain(&lines).enumerate() {
        let y = BAR + MARGIN + LINE * f64::from(u32::try_from(at).unwrap()) + 10.0;
        svg += &line_of(line, y);
    }
    svg + "</svg>\n"
}

/// A line in pieces of one look each.
fn runs(line: &str, look: &mut Look) -> Vec<(Look, String)> {
    let mut runs = Vec::new();
    let mut parts = line.split("\u{1b}[");
    runs.push((look.clone(), parts.next().unwrap_or_default().to_owned()));
    for part in parts {
        let (codes, text) = part.split_once('m').expect("only colours are written");
        look.take(codes);
        runs.push((look.clone(), text.to_owned()));
    }
    runs.retain(|(_, text)| !text.is_empty());
    runs
}

/// What stands together is placed at its column, so that columns stand below each other in any font.
fn line_of(line: &[(Look, String)], y: f64) -> String {
    let mut svg = String::new();
    let mut column = 0;
    for (look, text) in line {
        for (offset, words) in groups(text) {
            let at = |column: usize| CHARACTER * f64::from(u32::try_from(column).unwrap());
            let (x, length) = (MARGIN + at(column + offset), at(words.width()));
            let (class, words) = (look.classes(), escaped(words));
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" class=\"{class}\">{words}</text>"
            )
            .unwrap();
        }
        column += text.width();
    }
    svg
}

/// The words of a text that stand one blank apart, with the column of each group: viewers draw several blanks as one.
fn groups(text: &str) -> Vec<(usize, &str)> {
    let mut column = 0;
    let mut groups = Vec::new();
    for part in text.split("  ") {
        let indent = part.len() - part.trim_start().len();
        if !part.trim().is_empty() {
            groups.push((column + indent, part.trim()));
        }
        column += part.width() + 2;
    }
    groups
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn colours_and_columns_come_through() {
    let svg = svg("x", "a \u{1b}[1;31m<b>\u{1b}[0m\n  ✗ c    d  ");
    let texts: Vec<_> = svg.lines().filter(|line| line.starts_with("<text")).collect();
    assert_eq!(
        texts,
        [
            "<text x=\"16.0\" y=\"60.0\" textLength=\"25.2\" class=\"c37 b\">$ x</text>",
            "<text x=\"16.0\" y=\"79.0\" textLength=\"8.4\" class=\"n\">a</text>",
            "<text x=\"32.8\" y=\"79.0\" textLength=\"25.2\" class=\"c31 b\">&lt;b&gt;</text>",
            "<text x=\"32.8\" y=\"98.0\" textLength=\"25.2\" class=\"n\">✗ c</text>",
            "<text x=\"91.6\" y=\"98.0\" textLength=\"8.4\" class=\"n\">d</text>",
        ]
    );
}
